import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresBinaries, reachable, reachableFolderFor, type RunAs } from './postgres-binaries.ts';
import { commandOf, identify } from './process-identity.ts';
import { errorCode, SetupError } from './setup-error.ts';

export const POSTGRES_SUPERUSER = 'zoco_admin';

/**
 * Where the data really lie: `wanted`, unless the user that Postgres runs as could not get there (root's own home is
 * closed to it); then a folder under /var/lib that belongs to `wanted` alone.
 */
export function postgresDataDir(wanted: string, runAs: RunAs | undefined): string {
  mkdirSync(dirname(wanted), { recursive: true });
  return reachable(dirname(wanted), runAs) ? wanted : join(reachableFolderFor(wanted), basename(wanted));
}

/** Makes a data directory when there is none, and returns the superuser's password. */
export async function preparePostgresData(
  dataDir: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  options: { readonly runAs: RunAs | undefined; readonly durable: boolean },
): Promise<string> {
  const found = majorOf(dataDir);
  if (found === undefined) return initialize(dataDir, passwordFile, binaries, options);
  if (found !== binaries.major) {
    throw new SetupError(
      `${dataDir} holds data of Postgres ${found}, and this is Postgres ${binaries.major}: \`npm start -- --fresh\` deletes it and starts anew.`,
    );
  }
  clearStaleLock(dataDir);
  const password = readPassword(passwordFile);
  if (password === undefined) {
    throw new SetupError(
      `${passwordFile}, the password to the data in ${dataDir}, is missing: \`npm start -- --fresh\` deletes both and starts anew.`,
    );
  }
  return password;
}

/** The major version that a data directory was made by, or undefined when there is none. */
function majorOf(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (errorCode(error) !== 'EACCES') throw error;
    throw new SetupError(
      `${dataDir} belongs to another user, most likely because Zoco ran as root here: start it as that user, or delete the folder.`,
    );
  }
}

/**
 * postmaster.pid, and the lock of the socket beside it, outlive a kill -9 and a power cut. Postgres sees by itself that its
 * pid is dead, but not that the pid belongs to somebody else now.
 * @throws SetupError when that Postgres is alive
 */
function clearStaleLock(dataDir: string): void {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (
    Number.isInteger(pid) &&
    pid > 0 &&
    identify(pid) !== undefined &&
    commandOf(pid).includes(`-D ${dataDir}`)
  ) {
    throw new SetupError(`Zoco already runs here (pid ${pid} is the Postgres of ${dataDir}): stop it first.`);
  }
  for (const name of readdirSync(dataDir))
    if (name === 'postmaster.pid' || /^\.s\.PGSQL\.\d+\.lock$/.test(name)) rmSync(join(dataDir, name));
}

async function initialize(
  dataDir: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  { runAs, durable }: { readonly runAs: RunAs | undefined; readonly durable: boolean },
): Promise<string> {
  const password = readPassword(passwordFile) ?? savePassword(passwordFile);
  // Built beside its place and renamed, so that an interrupted start never leaves half a data directory.
  const draft = `${dataDir}.new`;
  const draftPassword = `${draft}.password`;
  for (const left of [draft, draftPassword]) rmSync(left, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(draftPassword, password, { mode: 0o600 });
  if (runAs !== undefined) for (const path of [draft, draftPassword]) chownSync(path, runAs.uid, runAs.gid);
  try {
    await promisify(execFile)(binaries.initdb, initdbArguments(draft, draftPassword, durable), {
      cwd: '/',
      env: { LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: binaries.libraries },
      ...runAs,
    });
  } catch (error) {
    throw new SetupError(`Postgres could not make its data directory ${dataDir}: ${initdbReason(error)}`);
  } finally {
    rmSync(draftPassword, { force: true });
  }
  rmSync(dataDir, { recursive: true, force: true }); // an empty folder, or one without PG_VERSION
  renameSync(draft, dataDir);
  return password;
}

function initdbArguments(dataDir: string, passwordFile: string, durable: boolean): string[] {
  const login = ['-U', POSTGRES_SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  // The builtin provider sorts the same everywhere; text search still asks libc what a letter is, so libc's locale
  // has to be a UTF-8 one too, or "años" falls apart.
  const locale = [
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C.UTF-8',
  ];
  return ['-D', dataDir, ...login, ...locale, ...(durable ? [] : ['--no-sync'])];
}

function initdbReason(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EPERM' || code === 'EINVAL') {
    return 'this machine does not let root switch to another user, and Postgres refuses to run as root; run Zoco as an ordinary user, or set DATABASE_URL.';
  }
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const lines = stderr.split('\n').filter((line) => /error|fatal/i.test(line));
  return lines.join(' ') || stderr || String(error);
}

function readPassword(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function savePassword(file: string): string {
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, password, { mode: 0o600 });
  chmodSync(file, 0o600);
  return password;
}
