import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { freePort } from './ports.ts';
import { type PostgresBinaries, postgresBinaries, postgresUser, type RunAs } from './postgres-binaries.ts';
import { POSTGRES_SUPERUSER, postgresDataDir, preparePostgresData } from './postgres-data.ts';
import { POSTGRES_END } from './process-ledger.ts';
import { describeExit, logTail, type ServerProcess, spawnServer } from './server-process.ts';
import { errorCode, SetupError } from './setup-error.ts';

export interface PostgresOptions {
  /** Made when it does not exist; moved out of a folder that the Postgres user could not reach. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Prints nothing when it is ready. */
  readonly quiet?: boolean;
  /** Overrides of postgresql.conf; `fsync: 'off'` also skips the sync of a new data directory. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Nobody needs the data after the stop: it is made without a sync and ends without a last checkpoint. */
  readonly disposable?: boolean;
  /** Where the superuser's generated password is kept (mode 0600); beside the data directory by default. */
  readonly passwordFile?: string;
  readonly logFile?: string;
  /** Told the pid at once, before the server is ready. */
  readonly onSpawn?: (pid: number) => void;
}

export interface PostgresServer extends ServerProcess {
  /** The superuser's login to the database `postgres`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly dataDir: string;
  /** The folder of its Unix socket; undefined where the path would be too long for one. */
  readonly socketDir: string | undefined;
}

const START_TIMEOUT_MS = 120_000;

// Durable as in production: a demo that loses orders on a crash would show the wrong thing.
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  max_connections: '300',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  // Outbox, inbox and carts change all the time: statistics a minute old make the planner read whole tenants.
  autovacuum_naptime: '10s',
  shared_preload_libraries: 'pg_stat_statements',
  log_min_messages: 'warning',
  log_line_prefix: '%m %d %a ',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
};

/**
 * Starts the Postgres that comes with npm and waits until it answers.
 * @throws SetupError for a data directory of another version, one that is in use, a port that is taken, and whatever
 *   else Postgres itself says
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const runAs = postgresUser();
  const binaries = postgresBinaries(runAs);
  const dataDir = postgresDataDir(options.dataDir, runAs);
  const { logFile = `${options.dataDir}.log`, disposable = false } = options;
  const settings = { ...SETTINGS, ...options.settings };
  const passwordFile = options.passwordFile ?? `${options.dataDir}.password`;
  const password = await preparePostgresData(dataDir, passwordFile, binaries, {
    runAs,
    durable: settings['fsync'] !== 'off' && !disposable,
  });
  const launch = { dataDir, binaries, runAs, settings, logFile, disposable };
  for (let attempt = 1; ; attempt++) {
    const port = options.port === 0 ? await freePort() : options.port;
    const server = await spawnPostgres(launch, port);
    options.onSpawn?.(server.pid);
    const adminUrl = `postgres://${POSTGRES_SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
    const fault = await untilReady(server, launch, adminUrl);
    if (fault === undefined) {
      if (options.quiet !== true) console.log(`postgres ready on port ${port}, data in ${dataDir}`);
      return { ...server, adminUrl, port, dataDir, socketDir: socketDirOf(dataDir) };
    }
    await server.stop();
    if (attempt >= 10 || !isPassing(fault, options.port))
      throw new SetupError(faultSentence(fault, port, launch.logFile));
    await delay(200 * attempt);
  }
}

interface Launch {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly runAs: RunAs | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly disposable: boolean;
}

function spawnPostgres(
  { dataDir, binaries, runAs, settings, logFile, disposable }: Launch,
  port: number,
): Promise<ServerProcess> {
  emptyFile(logFile);
  return spawnServer({
    file: binaries.postgres,
    args: [
      '-D',
      dataDir,
      '-p',
      String(port),
      '-c',
      `unix_socket_directories=${socketDirOf(dataDir) ?? ''}`,
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    env: { LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: binaries.libraries },
    logFile,
    end: disposable ? POSTGRES_END.slice(1) : POSTGRES_END,
    runAs,
  });
}

// What sun_path holds on every system (104 bytes on macOS), less the longest name of a socket.
const SOCKET_DIR_BYTES_MAX = 103 - '/.s.PGSQL.65535'.length;

/** The data directory itself, which only its user may enter; Postgres takes a comma for the start of another folder. */
function socketDirOf(dataDir: string): string | undefined {
  return Buffer.byteLength(dataDir) > SOCKET_DIR_BYTES_MAX || /[,"]/.test(dataDir) ? undefined : dataDir;
}

/** Undefined once it takes our login; else what it said before it ended. */
async function untilReady(
  server: ServerProcess,
  { dataDir, logFile }: Launch,
  adminUrl: string,
): Promise<string | undefined> {
  let ended: string | undefined;
  void server.exited.then((exit) => (ended = describeExit(exit)));
  const until = performance.now() + START_TIMEOUT_MS;
  // Asking the port would be wrong: another Postgres may hold it. This is how pg_ctl waits.
  while (!saysReady(dataDir, server.pid)) {
    if (ended !== undefined) return fatalLine(logFile) ?? ended;
    if (performance.now() > until) return `not ready after ${START_TIMEOUT_MS / 1000} s`;
    await delay(10);
  }
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 5, onnotice: () => {}, fetch_types: false });
  try {
    await sql`select 1`;
    return undefined;
  } catch (error) {
    return `${errorCode(error) ?? ''} ${String(error)}`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The eighth line of postmaster.pid tells the state of the server whose pid is in the first. */
function saysReady(dataDir: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

function fatalLine(logFile: string): string | undefined {
  const lines = logTail(logFile);
  const line = lines.findLast((text) => /FATAL|PANIC/.test(text)) ?? lines.at(-1);
  return line?.replace(/^.*?(FATAL|PANIC):\s*/, '');
}

/** Faults that go away: backends of a killed Postgres are still ending, or somebody took the free port first. */
function isPassing(fault: string, wantedPort: number): boolean {
  return (
    /shared memory block .* still in use|lock file/.test(fault) || (wantedPort === 0 && isPortFault(fault))
  );
}

function isPortFault(fault: string): boolean {
  return /could not (bind|create any TCP\/IP sockets)/.test(fault);
}

function faultSentence(fault: string, port: number, logFile: string): string {
  if (isPortFault(fault))
    return `Postgres did not start because port ${port} is in use: stop what holds it, or set ZOCO_PORT_OFFSET=100.`;
  if (/28P01|password authentication failed/.test(fault)) {
    return 'Postgres refuses the password that is kept beside its data: `npm start -- --fresh` deletes both and starts anew.';
  }
  return `Postgres did not start: ${fault} (its log: ${logFile})`;
}

function emptyFile(file: string): void {
  try {
    truncateSync(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
