import { type RunningSystem, startSystem } from '@zoco/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Api, createApi } from '../src/api.ts';
import { deploy } from '../src/deployment.ts';
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

test('gateway and orders are replaced under load, and no request fails', async () => {
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
      failures.push(error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error));
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
