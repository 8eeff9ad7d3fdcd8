import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './repository.ts';
import { SetupError } from './setup-error.ts';

export interface NatsBinary {
  readonly file: string;
  /** `[2, 9, 10]` */
  readonly version: readonly number[];
}

/** Where nats-server is looked for, and where it is put when it is missing. */
export interface NatsSearch {
  readonly path: string;
  readonly usualFolders: readonly string[];
  readonly ownFolder: string;
}

const SEARCH: NatsSearch = {
  path: process.env['PATH'] ?? '',
  // Debian installs servers outside of an ordinary user's PATH.
  usualFolders: ['/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/usr/bin'],
  ownFolder: join(ROOT, '.zoco/bin'),
};

/**
 * Finds nats-server, or fetches it where that is possible without asking.
 * @throws SetupError when there is none and it cannot be had
 */
export async function natsBinary(
  onLine: (line: string) => void = () => {},
  search = SEARCH,
): Promise<NatsBinary> {
  const file = findNatsServer(search) ?? unpackNatsServer(search.ownFolder, onLine);
  const { stdout } = await promisify(execFile)(file, ['--version']);
  return { file, version: parseVersion(stdout) };
}

/** The first executable nats-server of the search. */
export function findNatsServer({ path, usualFolders, ownFolder }: NatsSearch): string | undefined {
  return [...path.split(delimiter), ...usualFolders, ownFolder]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'nats-server'))
    .find(isExecutable);
}

/** `nats-server: v2.10.4-RC.1` → `[2, 10, 4]`. */
export function parseVersion(text: string): readonly number[] {
  const match = /v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match === null ? [0, 0, 0] : match.slice(1).map(Number);
}

/** True when `version` is `minimum` or newer, compared number by number. */
export function isAtLeast(version: readonly number[], minimum: readonly number[]): boolean {
  for (const [index, wanted] of minimum.entries()) {
    const found = version[index] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}

const CURE =
  'install it (Debian, Ubuntu: `sudo apt-get install nats-server`; elsewhere: https://nats.io/download), or set NATS_URL to a server of yours.';

/**
 * Takes the binary out of Debian's package instead of installing the package: that would also start a NATS that
 * listens to the network as a system service, and this way an ordinary user can do it too.
 */
function unpackNatsServer(folder: string, onLine: (line: string) => void): string {
  onLine('installing nats-server… (from its Debian package)');
  mkdirSync(folder, { recursive: true });
  const draft = mkdtempSync(join(folder, 'nats-server-'));
  try {
    const packed = downloadPackage(draft);
    const unpacked = spawnSync('dpkg-deb', ['-x', packed, draft], { encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(unpacked.stderr);
    const file = join(folder, 'nats-server');
    renameSync(join(draft, 'usr/sbin/nats-server'), file);
    return file;
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    throw new SetupError(`nats-server is missing and could not be fetched (${reason}): ${CURE}`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function downloadPackage(folder: string): string {
  const download = () => aptGet(folder, 'download', 'nats-server');
  let result = download();
  // The package lists of a fresh machine are empty, and only root may fill them.
  if (result.status !== 0 && process.getuid?.() === 0) {
    aptGet(folder, 'update');
    result = download();
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (result.status !== 0 || file === undefined) throw new Error(result.stderr || 'apt-get download failed');
  return join(folder, file);
}

function aptGet(cwd: string, ...args: string[]) {
  return spawnSync('apt-get', ['-q', ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
