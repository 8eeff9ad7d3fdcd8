import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkForeignPostgres } from './databases.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import type { PortPlan } from './ports.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import type { ProcessLedger } from './process-ledger.ts';
import { SetupError } from './setup-error.ts';
import { prepareStreams } from './streams.ts';
import { type Supervised, supervise } from './supervisor.ts';

export interface ServersOptions {
  readonly dir: string;
  readonly ports: PortPlan;
  readonly ledger: ProcessLedger;
  /** The state folder is deleted at the end. */
  readonly disposable: boolean;
  /** Servers that somebody else runs; Zoco then starts none of that kind. */
  readonly foreign: { readonly databaseUrl?: string | undefined; readonly natsUrl?: string | undefined };
  readonly onLine: (line: string) => void;
}

/** Postgres and NATS, ours or somebody else's. */
export interface Servers {
  readonly adminDatabaseUrl: string;
  /** The folder of Postgres's Unix socket, if it is ours and has one. */
  readonly postgresSocketDir: string | undefined;
  readonly natsUrl: string;
  /** Undefined when it is somebody else's. */
  readonly postgres: Supervised<PostgresServer> | undefined;
  readonly nats: NatsControl | undefined;
}

export interface NatsControl extends Supervised<NatsServer> {
  start(options?: { readonly deleteStore?: boolean }): Promise<NatsServer>;
}

/** Starts what is not given. Whatever was started is stopped through `cleanup`, NATS before Postgres. */
export async function startServers(options: ServersOptions, cleanup: AsyncDisposableStack): Promise<Servers> {
  const { foreign } = options;
  const postgres = foreign.databaseUrl === undefined ? supervisedPostgres(options) : undefined;
  const nats = foreign.natsUrl === undefined ? supervisedNats(options) : undefined;
  cleanup.defer(() => postgres?.stop());
  cleanup.defer(() => nats?.stop());
  const starts = [
    postgres?.start() ?? checkForeignPostgres(foreign.databaseUrl ?? ''),
    nats?.start() ?? prepareStreams(foreign.natsUrl ?? ''),
  ];
  await Promise.allSettled(starts);
  await Promise.all(starts);
  return {
    adminDatabaseUrl: foreign.databaseUrl ?? postgres?.current?.adminUrl ?? '',
    postgresSocketDir: postgres?.current?.socketDir,
    natsUrl: foreign.natsUrl ?? nats?.current?.url ?? '',
    postgres,
    nats,
  };
}

function supervisedPostgres({
  dir,
  ports,
  ledger,
  disposable,
  onLine,
}: ServersOptions): Supervised<PostgresServer> {
  const dataDir = join(dir, 'postgres');
  return supervise({
    async launch() {
      const startedMs = performance.now();
      const server = await startPostgres({
        dataDir,
        port: ports.postgres,
        quiet: true,
        disposable,
        logFile: join(dir, 'logs/postgres.log'),
        onSpawn: (pid) => ledger.add('postgres', pid),
      });
      const elsewhere =
        server.dataDir === dataDir ? '' : `  data in ${server.dataDir}, where its user may go`;
      onLine(readyLine('postgres', startedMs, `127.0.0.1:${server.port}`, server.pid) + elsewhere);
      return server;
    },
    onEnd: (reason, retryMs) => onLine(`postgres ended (${reason}), again in ${retryMs / 1000} s`),
  });
}

function supervisedNats({ dir, ports, ledger, onLine }: ServersOptions): NatsControl {
  const storeDir = join(dir, 'nats');
  const supervised = supervise({
    async launch() {
      const startedMs = performance.now();
      const server = await startNats({
        storeDir,
        port: ports.nats,
        monitorPort: ports.natsMonitor,
        quiet: true,
        logFile: join(dir, 'logs/nats.log'),
        onSpawn: (pid) => ledger.add('nats', pid),
        onLine,
      });
      try {
        await prepareStreams(server.url);
      } catch (error) {
        await server.stop();
        throw error;
      }
      onLine(readyLine('nats', startedMs, `127.0.0.1:${server.port}`, server.pid));
      return server;
    },
    onEnd: (reason, retryMs) => onLine(`nats ended (${reason}), again in ${retryMs / 1000} s`),
  });
  return {
    get current() {
      return supervised.current;
    },
    stop: () => supervised.stop(),
    start({ deleteStore = false } = {}) {
      if (deleteStore) rmSync(storeDir, { recursive: true, force: true });
      return supervised.start();
    },
  };
}

/** For what only works with a server of ours. */
export function requireOwn<T>(server: T | undefined, variable: string): T {
  if (server === undefined) throw new SetupError(`${variable} is set, so this server is not Zoco's to stop.`);
  return server;
}

function readyLine(name: string, startedMs: number, place: string, pid: number): string {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  return `${name.padEnd(9)} ready in ${seconds} s  ${place}  pid ${pid}`;
}
