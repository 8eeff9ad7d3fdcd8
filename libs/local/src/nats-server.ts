import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAtLeast, natsBinary } from './nats-binary.ts';
import { freePorts } from './ports.ts';
import { PROCESS_END } from './process-ledger.ts';
import { describeExit, logTail, type ServerProcess, spawnServer } from './server-process.ts';
import { SetupError } from './setup-error.ts';

export interface NatsOptions {
  /** The JetStream store; the generated configuration and the log lie beside it. */
  readonly storeDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A free one by default. */
  readonly monitorPort?: number;
  /** Prints nothing when it is ready. */
  readonly quiet?: boolean;
  readonly logFile?: string;
  /** Told the pid at once, before the server is ready. */
  readonly onSpawn?: (pid: number) => void;
  readonly onLine?: (line: string) => void;
  /** Text of another configuration file, by these ports, store and version. */
  readonly config?: (places: NatsPlaces, version: readonly number[]) => string;
  /** The variables that it names. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Where a server listens and stores. */
export interface NatsPlaces {
  readonly port: number;
  readonly monitorPort: number;
  readonly storeDir: string;
}

export interface NatsServer extends ServerProcess {
  readonly url: string;
  readonly monitorUrl: string;
  readonly port: number;
  /** The same server again after its end: same ports, same store unless `deleteStore` empties it first. */
  restart(options?: { readonly deleteStore?: boolean }): Promise<NatsServer>;
}

const START_TIMEOUT_MS = 30_000;
/** Version of nats-server from which on an acknowledgement can mean that it is on the disk. */
export const SYNC_ALWAYS_SINCE: readonly number[] = [2, 10, 0];

/**
 * Starts nats-server with JetStream on loopback and waits until it is healthy.
 * @throws SetupError when there is no nats-server, when a port is taken, and for whatever else it says itself
 */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const binary = await natsBinary(options.onLine);
  const [freeOne = 0, freeTwo = 0] = await freePorts(2);
  const port = options.port === 0 ? freeOne : options.port;
  const monitorPort = options.monitorPort ?? freeTwo;
  mkdirSync(options.storeDir, { recursive: true });
  const configFile = join(dirname(options.storeDir), 'nats-server.conf');
  const { config = natsConfig, storeDir } = options;
  writeFileSync(configFile, config({ port, monitorPort, storeDir }, binary.version));
  const logFile = options.logFile ?? `${options.storeDir}.log`;
  emptyFile(logFile);
  const server = await spawnServer({
    file: binary.file,
    args: ['--config', configFile],
    // Its threads wake each other up for every message, which costs more than the messages do.
    env: { GOMAXPROCS: '1', ...options.env },
    logFile,
    end: PROCESS_END,
  });
  options.onSpawn?.(server.pid);
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const fault = await untilHealthy(server, monitorUrl, logFile);
  if (fault !== undefined) {
    await server.stop();
    throw new SetupError(faultSentence(fault, port, logFile));
  }
  if (options.quiet !== true) console.log(`nats ready on port ${port}, data in ${options.storeDir}`);
  const restart: NatsServer['restart'] = ({ deleteStore = false } = {}) => {
    if (deleteStore) rmSync(options.storeDir, { recursive: true, force: true });
    return startNats({ ...options, port, monitorPort });
  };
  return { ...server, url: `nats://127.0.0.1:${port}`, monitorUrl, port, restart };
}

/** The configuration file. Durable acknowledgements (fsync before the answer) exist since nats-server 2.10. */
export function natsConfig({ port, monitorPort, storeDir }: NatsPlaces, version: readonly number[]): string {
  return [
    'server_name: zoco_local',
    `listen: "127.0.0.1:${port}"`,
    `http: "127.0.0.1:${monitorPort}"`,
    'max_payload: 1MB',
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeDir)}`,
    ...(isAtLeast(version, SYNC_ALWAYS_SINCE) ? ['  sync_interval: always'] : []),
    '}',
    '',
  ].join('\n');
}

/** Undefined once it is healthy; else what it said before it ended. */
async function untilHealthy(
  server: ServerProcess,
  monitorUrl: string,
  logFile: string,
): Promise<string | undefined> {
  let ended: string | undefined;
  void server.exited.then((exit) => (ended = describeExit(exit)));
  const until = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < until) {
    if (ended !== undefined) return fatalLine(logFile) ?? ended;
    try {
      const answer = await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(1_000) });
      await answer.body?.cancel();
      if (answer.ok) return undefined;
    } catch {
      // not listening yet
    }
    await delay(20);
  }
  return `not healthy after ${START_TIMEOUT_MS / 1000} s`;
}

function fatalLine(logFile: string): string | undefined {
  const lines = logTail(logFile);
  const line = lines.findLast((text) => /\[FTL\]|\[ERR\]|nats-server:/.test(text)) ?? lines.at(-1);
  return line?.replace(/^.*\[(FTL|ERR)\]\s*/, '');
}

function faultSentence(fault: string, port: number, logFile: string): string {
  if (/address already in use/.test(fault)) {
    return `NATS did not start because a port is in use (${fault}): stop what holds port ${port}, or set ZOCO_PORT_OFFSET=100.`;
  }
  return `NATS did not start: ${fault} (its log: ${logFile})`;
}

function emptyFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
}
