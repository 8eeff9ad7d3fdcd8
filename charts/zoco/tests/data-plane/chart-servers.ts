import { join } from 'node:path';
import {
  freePorts,
  isAtLeast,
  type NatsPlaces,
  type NatsServer,
  openTemporaryState,
  startNats,
  SYNC_ALWAYS_SINCE,
} from '@zoco/local';
import type { KubernetesObject } from '../render.ts';
import { dataOf, environmentOf } from './pod-environment.ts';

/** A nats-server with the rendered configuration and the rendered logins. */
export interface ChartNats extends AsyncDisposable {
  readonly server: NatsServer;
  /** The URL in a rendered Secret, with the address of this server. */
  urlIn(secret: string, key?: string): string;
}

export interface ChartNatsOptions {
  /** 0 takes a free one. */
  readonly port?: number;
  /** Folder that stands for /etc/nats/tls. */
  readonly certificates?: string;
}

export async function startChartNats(
  objects: readonly KubernetesObject[],
  options: ChartNatsOptions = {},
): Promise<ChartNats> {
  await using cleanup = new AsyncDisposableStack();
  const state = cleanup.use(await openTemporaryState());
  const text = dataOf(objects, 'ConfigMap', 'zoco-nats')['nats.conf'] ?? '';
  const server = await startNats({
    storeDir: join(state.dir, 'nats'),
    port: options.port ?? 0,
    quiet: true,
    env: environmentOf(objects, ['StatefulSet', 'zoco-nats'], 'nats'),
    config: (places, version) => onThisMachine(text, places, version, options.certificates),
    onSpawn: (pid) => state.ledger.add('nats', pid),
  });
  cleanup.defer(() => server.stop());
  const running = cleanup.move();
  return {
    server,
    urlIn: (secret, key = 'NATS_URL') =>
      atLocalhost(dataOf(objects, 'Secret', secret)[key] ?? '', server.port),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The same configuration but for where it listens and stores, and what an older server does not know. */
export function onThisMachine(
  text: string,
  { port, monitorPort, storeDir }: NatsPlaces,
  version: readonly number[],
  certificates = '/etc/nats/tls',
): string {
  const changed = text
    .replace('"0.0.0.0:4222"', `"127.0.0.1:${port}"`)
    .replace('"0.0.0.0:8222"', `"127.0.0.1:${monitorPort}"`)
    .replace('"/var/run/nats/nats.pid"', JSON.stringify(`${storeDir}.pid`))
    .replace('"/data"', JSON.stringify(storeDir))
    .replaceAll('/etc/nats/tls', certificates);
  return isAtLeast(version, SYNC_ALWAYS_SINCE) ? changed : changed.replace(/^ *sync_interval: .*$/m, '');
}

/** The URL, user and password with it, with another address. */
export function atLocalhost(text: string, port: number): string {
  const url = new URL(text);
  url.hostname = 'localhost';
  url.port = String(port);
  return url.href;
}

/** Three servers of one cluster on ports of this machine. */
export interface ChartCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  urlAt(server: NatsServer | undefined, key: string): string;
  readonly clusterPorts: readonly number[];
}

const ATTEMPTS_MAX = 5;

/** Again with other ports, when somebody took one between its choice and its use. */
export async function startChartCluster(objects: readonly KubernetesObject[]): Promise<ChartCluster> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openCluster(objects);
    } catch (error) {
      if (
        attempt === ATTEMPTS_MAX ||
        !(error instanceof Error) ||
        !/address already in use/.test(error.message)
      )
        throw error;
    }
  }
}

async function openCluster(objects: readonly KubernetesObject[]): Promise<ChartCluster> {
  await using cleanup = new AsyncDisposableStack();
  const clusterPorts = await freePorts(3);
  const starting = clusterPorts.map(async (clusterPort, index) => {
    const state = cleanup.use(await openTemporaryState());
    const text = dataOf(objects, 'ConfigMap', 'zoco-nats')['nats.conf'] ?? '';
    const rendered = environmentOf(objects, ['StatefulSet', 'zoco-nats'], 'nats');
    const routes = (rendered['CLUSTER_ROUTES'] ?? '').replaceAll(
      /zoco-nats-(\d)\.zoco-nats-headless:6222/g,
      (_whole, ordinal: string) => `127.0.0.1:${clusterPorts[Number(ordinal)]}`,
    );
    const server = await startNats({
      storeDir: join(state.dir, 'nats'),
      port: 0,
      quiet: true,
      env: { ...rendered, SERVER_NAME: `"zoco-nats-${index}"`, CLUSTER_ROUTES: routes },
      config: (places, version) =>
        onThisMachine(text, places, version).replace('"0.0.0.0:6222"', `"127.0.0.1:${clusterPort}"`),
      onSpawn: (pid) => state.ledger.add('nats', pid),
    });
    cleanup.defer(() => server.stop());
    return server;
  });
  // All of them, so that none starts after the others were cleaned up.
  await Promise.allSettled(starting);
  const servers = await Promise.all(starting);
  const running = cleanup.move();
  return {
    servers,
    urlAt: (server, key) => atLocalhost(dataOf(objects, 'Secret', 'zoco-nats')[key] ?? '', server?.port ?? 0),
    clusterPorts,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
