import { spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@zoco/contracts';
import { freePorts, ROOT, type RunningSystem } from '@zoco/local';

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Replicas of a service behind what a Kubernetes Service does: a new connection goes to one that is ready. */
export interface Deployment extends AsyncDisposable {
  /** Replaces every replica by a new one, one after the other, as a rolling update does; tells how the old ones ended. */
  roll(): Promise<End[]>;
}

/** One process of a service, on ports of its own. */
export interface Replica {
  readonly service: ServiceName;
  readonly port: number;
  readonly adminPort: number;
  readonly ended: Promise<End>;
  ready: boolean;
  stop(): void;
  kill(): void;
}

// Many processes start at once here, and the machine may be busy with others.
const READY_MS_MAX = 60_000;
// As a kubelet would: a probe now and then, and a grace period.
const PROBE_MS = 100;
const PROBE_MS_MAX = 2_000;
const GRACE_MS = 30_000;

/**
 * Runs a service with that many replicas in place of the one process of the system, on its port.
 * @param env added to the environment that the system gives the service
 */
export async function deploy(
  system: RunningSystem,
  service: ServiceName,
  { replicas, env }: { replicas: number; env: Readonly<Record<string, string>> },
): Promise<Deployment> {
  await system.stopService(service);
  const running: Replica[] = [];
  const start = async () => {
    const replica = await startReplica(service, { ...system.environment(service), ...env });
    running.push(replica);
    await whenReady(replica);
  };
  for (let count = 0; count < replicas; count += 1) await start();
  const balancer = await balance(running, Number(new URL(system.urls[service]).port));
  const stopped = new AbortController();
  void watch(running, stopped.signal);
  return {
    async roll() {
      const ends: End[] = [];
      for (const old of running.slice()) {
        await start();
        old.stop();
        const tooLate = setTimeout(() => old.kill(), GRACE_MS);
        ends.push(await old.ended);
        clearTimeout(tooLate);
        running.splice(running.indexOf(old), 1);
      }
      return ends;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      for (const replica of running) replica.kill();
      await Promise.all(running.map(({ ended }) => ended));
      balancer.close();
    },
  };
}

export async function startReplica(
  service: ServiceName,
  env: Readonly<Record<string, string>>,
): Promise<Replica> {
  const [port = 0, adminPort = 0] = await freePorts(2);
  const cwd = join(ROOT, 'services', service);
  const child = spawn(process.execPath, [join(cwd, 'dist/main.js')], {
    cwd,
    env: { ...env, PORT: String(port), ADMIN_PORT: String(adminPort) },
    stdio: 'ignore',
  });
  const { promise: ended, resolve } = Promise.withResolvers<End>();
  child.once('exit', (code, signal) => resolve({ code, signal }));
  return {
    service,
    port,
    adminPort,
    ended,
    ready: false,
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Passes each connection to the next ready replica; those that stand stay where they are, as kube-proxy leaves them. */
async function balance(replicas: readonly Replica[], port: number): Promise<Server> {
  let turn = 0;
  const server = createServer((client) => {
    const ready = replicas.filter((replica) => replica.ready);
    turn += 1;
    const target = ready[turn % ready.length];
    if (target === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect(target.port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function watch(replicas: readonly Replica[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.all(replicas.map(probe));
    await delay(PROBE_MS, undefined, { signal }).catch(() => {});
  }
}

/** Resolves when it is ready. @throws Error after a minute, and when it ends before */
export async function whenReady(replica: Replica): Promise<void> {
  const endMs = performance.now() + READY_MS_MAX;
  let end: End | undefined;
  void replica.ended.then((ended) => (end = ended));
  for (await probe(replica); !replica.ready; await probe(replica)) {
    if (end !== undefined) throw new Error(`${replica.service} ended: ${JSON.stringify(end)}`);
    if (performance.now() > endMs) throw new Error(`${replica.service} did not get ready`);
    await delay(PROBE_MS);
  }
}

/** Asks whether it is ready, as a kubelet does. */
async function probe(replica: Replica): Promise<void> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS_MAX);
    replica.ready = (await fetch(`http://127.0.0.1:${replica.adminPort}/readyz`, { signal })).ok;
  } catch {
    replica.ready = false;
  }
}

/** A port in front of a server that is not there yet: connections are refused until it is opened. */
export interface Door extends Disposable {
  /** The URL of the server, by way of the door. */
  readonly url: string;
  open(): Promise<void>;
}

export async function closedDoor(url: string): Promise<Door> {
  const [port = 0] = await freePorts(1);
  const { hostname, port: target } = new URL(url);
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  // A Unix socket that it names would lead past the door.
  through.searchParams.delete('host');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target), hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].forEach((one) => one.destroy()));
    }
  });
  return {
    url: through.href,
    async open() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
