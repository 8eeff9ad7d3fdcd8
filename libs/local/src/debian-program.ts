import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT } from './repository.ts';
import { SetupError } from './setup-error.ts';

/** A program that Debian packages and that Zoco runs on one machine. */
export interface DebianProgram {
  /** Of the executable, and what messages call it. */
  readonly name: string;
  readonly debianPackage: string;
  /** Where the package puts it, without the leading slash. */
  readonly packedFile: string;
  /** What a person does about its absence. */
  readonly cure: string;
}

/** Where a program is looked for, and where it is put when it is missing. */
export interface ProgramSearch {
  readonly path: string;
  readonly usualFolders: readonly string[];
  readonly ownFolder: string;
}

const SEARCH: ProgramSearch = {
  path: process.env['PATH'] ?? '',
  // Debian installs servers outside of an ordinary user's PATH.
  usualFolders: ['/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/usr/bin'],
  ownFolder: join(ROOT, '.zoco/bin'),
};

/**
 * Finds a program, or fetches it where that is possible without asking.
 * @throws SetupError when there is none and it cannot be had
 */
export function obtainProgram(
  program: DebianProgram,
  onLine: (line: string) => void = () => {},
  search = SEARCH,
): string {
  return findProgram(program.name, search) ?? unpackProgram(program, search.ownFolder, onLine);
}

/** The first executable of that name in the search. */
export function findProgram(
  name: string,
  { path, usualFolders, ownFolder }: ProgramSearch,
): string | undefined {
  return [...path.split(delimiter), ...usualFolders, ownFolder]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * Takes the binary out of Debian's package instead of installing the package: that would also start a server that
 * listens to the network as a system service, and this way an ordinary user can do it too.
 */
function unpackProgram(program: DebianProgram, folder: string, onLine: (line: string) => void): string {
  const { name, debianPackage, packedFile, cure } = program;
  onLine(`installing ${name}… (from its Debian package)`);
  mkdirSync(folder, { recursive: true });
  const draft = mkdtempSync(join(folder, `${name}-`));
  try {
    const packed = downloadPackage(draft, debianPackage);
    const unpacked = spawnSync('dpkg-deb', ['-x', packed, draft], { encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(unpacked.stderr);
    const file = join(folder, name);
    renameSync(join(draft, packedFile), file);
    return file;
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    throw new SetupError(`${name} is missing and could not be fetched (${reason}): ${cure}`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function downloadPackage(folder: string, debianPackage: string): string {
  const download = () => aptGet(folder, 'download', debianPackage);
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
