import type { ServiceName } from '@zoco/contracts';
import { type RunningSystem, startSystem } from '@zoco/local';
import { inspect } from 'node:util';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Api, createApi } from '../src/api.ts';
import { closedDoor, deploy, startReplica, whenReady } from '../src/deployment.ts';
import { createShop, type Shop } from '../src/shop.ts';

let system: RunningSystem;
let api: Api;
let shop: Shop;
beforeAll(async () => {
  system = await startSystem({ freePorts: true, seed: true, build: false, readyTimeoutMs: 60_000 });
  api = createApi(system.urls.gateway);
  shop = createShop(api, 'libros');
});
afterAll(() => system.stop());

// Longer than clients keep idle connections, as in the chart.
const env = { SHUTDOWN_DELAY_MS: '5000' };
const BUYERS = 4;
// Longer than a replica may take to get ready.
const LIMIT = { timeout: 180_000 };

test('gateway and orders are replaced under load, and no request fails', LIMIT, async () => {
  await using gateway = await deploy(system, 'gateway', { replicas: 2, env });
  await using orders = await deploy(system, 'orders', { replicas: 2, env });
  const { id } = await shop.addProduct({ stock: 1_000_000 });
  const rolled = new AbortController();
  const failures: string[] = [];
  let requests = 0;

  async function attempt<T>(request: () => Promise<T>): Promise<T | undefined> {
    requests += 1;
    try {
      return await request();
    } catch (error) {
      // A machine that is too busy for its own tests makes services refuse in order; an update must not break anything.
      if (!inspect(error).includes('service_overloaded')) failures.push(inspect(error));
      return undefined;
    }
  }
  async function buy(): Promise<void> {
    const { token } = await api.register('libros');
    while (!rolled.signal.aborted) {
      await attempt(() => api.expect(200, z.object({}), 'GET', `/products/${id}`, { tenant: 'libros' }));
      const placed = await attempt(() => shop.checkout(token, id, 1));
      if (placed) await attempt(() => shop.getOrder(token, placed.id));
      await attempt(() => api.expect(200, z.object({}), 'GET', '/orders?limit=5', { token }));
    }
  }

  const buyers = Array.from({ length: BUYERS }, buy);
  const ends = await Promise.all([gateway.roll(), orders.roll()]);
  rolled.abort();
  await Promise.all(buyers);
  expect(failures).toEqual([]);
  expect(ends.flat()).toEqual(Array.from({ length: 4 }, () => ({ code: 0, signal: null })));
  expect(requests).toBeGreaterThan(100);
});

test(
  'services that start before Postgres, NATS and users are alive and wait; then they end in order',
  LIMIT,
  async () => {
    const doors = new Map<string, Awaited<ReturnType<typeof closedDoor>>>();
    using cleanup = new DisposableStack();
    /** The environment of a service, with everything that it needs behind a closed door. */
    async function shutOff(service: ServiceName): Promise<Record<string, string>> {
      const whole = system.environment(service);
      const urls = ['DATABASE_URL', 'DATABASE_WORKER_URL', 'NATS_URL', 'USERS_URL'];
      for (const name of urls.filter((url) => whole[url] !== undefined)) {
        const door = cleanup.use(await closedDoor(whole[name] ?? ''));
        doors.set(`${service} ${name}`, door);
        whole[name] = door.url;
      }
      return whole;
    }
    const replicas = await Promise.all(
      system.services.map(async (name) => startReplica(name, await shutOff(name))),
    );
    for (const replica of replicas) cleanup.defer(() => replica.kill());

    const ask = async (port: number, path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    for (const { service, port, adminPort } of replicas) {
      await eventually(async () => expect(await ask(port, '/health'), service).toBe(200));
      expect([service, await ask(adminPort, '/livez'), await ask(adminPort, '/readyz')]).toEqual([
        service,
        200,
        503,
      ]);
    }
    await Promise.all([...doors.values()].map((door) => door.open()));
    await Promise.all(replicas.map(whenReady));
    for (const replica of replicas) replica.stop();
    const ends = await Promise.all(
      replicas.map(async ({ service, ended }) => ({ service, ...(await ended) })),
    );
    expect(ends).toEqual(replicas.map(({ service }) => ({ service, code: 0, signal: null })));
  },
);
