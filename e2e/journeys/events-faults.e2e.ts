import { startSystem, type RunningSystem } from '@zoco/local';
import { connectNats, replay, provisionStreams } from '@zoco/events';
import { openDatabase } from '@zoco/postgres';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/api.ts';
import { withFailpoint } from '../src/faults.ts';
import { createShop } from '../src/shop.ts';
import { collectEvents } from '../src/witness.ts';

let system: RunningSystem;
let api: Api;
beforeAll(async () => {
  system = await startSystem({ freePorts: true, seed: true, build: false, readyTimeoutMs: 60_000 });
  api = createApi(system.urls.gateway);
});
afterAll(() => system.stop());

describe('kill -9 between commit and publish', () => {
  test.each(['users', 'catalog'] as const)(
    '%s: every event still arrives, once per id and in order',
    async (service) => {
      await using witness = await collectEvents(system.natsUrl, `zoco.${service}.>`);
      const token = await api.demo('acme', 'admin');
      const ids: string[] = [];
      // It dies right after JetStream has the event and before the outbox knows.
      await withFailpoint(system, service, 'after-publish-before-mark', async () => {
        for (let n = 0; n < 5; n += 1) {
          await eventually(async () => {
            if (service === 'users') ids.push((await api.register('acme')).userId);
            else ids.push((await createShop(api, 'acme').addProduct()).id);
          });
        }
        for (const [index, id] of ids.entries()) {
          const path = service === 'users' ? `/users/${id}` : `/products/${id}`;
          const body = service === 'users' ? { first_name: `N${index}` } : { name: `N${index}` };
          await eventually(async () => {
            const answer = await api.request('PATCH', path, { token, body });
            expect(answer.status).toBe(200);
          });
        }
      });
      await eventually(() => {
        for (const id of ids) expect(witness.versionsOf(id).length).toBeGreaterThanOrEqual(2);
      });
      for (const id of ids) {
        const versions = witness.versionsOf(id);
        expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      }
    },
  );
});

test('NATS loses its store: zoco replay brings back what consumers missed', async () => {
  const shop = createShop(api, 'acme');
  const product = await shop.addProduct();
  const { token } = await api.register('acme');
  expect([200, 201, 204]).toContain(
    (await api.request('PUT', `/users/favorites/${product.id}`, { token })).status,
  );
  const staff = await api.demo('acme', 'staff');
  await system.stopService('users');
  await eventually(async () => {
    const answer = await api.request('DELETE', `/products/${product.id}`, { token: staff });
    expect([200, 204, 404]).toContain(answer.status);
  });
  await using db = openDatabase({
    url: system.databaseUrls('catalog').runtimeUrl,
    workerUrl: system.databaseUrls('catalog').workerUrl,
    applicationName: 'e2e',
  });
  await eventually(async () => {
    const left = await db.work((tx) => tx.sql`select 1 from outbox where published_at is null`);
    expect(left).toHaveLength(0);
  });
  await system.stopNats();
  await system.startNats({ deleteStore: true });
  await system.restart('users');
  const nc = await connectNats({ url: system.natsUrl, name: 'e2e' });
  await provisionStreams(nc);
  expect(await replay(nc, db, 'catalog', new Date(0))).toBeGreaterThan(0);
  await nc.close();
  await eventually(async () => {
    const answer = await api.request('GET', '/users/favorites', { token });
    expect(answer).toMatchObject({ status: 200, body: { data: [] } });
  });
});
