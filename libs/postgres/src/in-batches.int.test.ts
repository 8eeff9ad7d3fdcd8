import { createTestDatabase, type TestDatabase, testTenant } from '@zoco/testing';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { inBatches } from './in-batches.ts';

const { id: tenantId } = testTenant();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({
    adminUrl: inject('adminUrl'),
    service: 'orders',
    migrations: new URL('../../events/fixtures/migrations/', import.meta.url),
  });
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() =>
  database.db.transact(
    tenantId,
    ({ sql }) => sql`
      insert into inbox (tenant_id, consumer, event_id) select ${tenantId}, 'test', n from generate_series(1, 10) as n
      on conflict do nothing`,
  ),
);

const left = async () =>
  (await database.db.work(({ sql }) => sql<{ count: number }[]>`select count(*)::int from inbox`))[0]?.count;

test('goes on until a batch finds no more, each planned for its own values', async () => {
  const plans: unknown[] = [];
  const removed = await inBatches(
    database.db,
    async ({ sql }, rowsMax) => {
      plans.push((await sql`show plan_cache_mode`)[0]?.['plan_cache_mode']);
      return sql`delete from inbox where ctid = any(array(select ctid from inbox limit ${rowsMax}))`;
    },
    { rowsMax: 4 },
  );
  expect([removed, await left()]).toEqual([10, 0]);
  expect(plans).toEqual(Array.from({ length: 3 }, () => 'force_custom_plan'));
});

test('ends between two batches when it is told to', async () => {
  const stop = new AbortController();
  const removed = await inBatches(
    database.db,
    ({ sql }, rowsMax) => {
      stop.abort();
      return sql`delete from inbox where ctid = any(array(select ctid from inbox limit ${rowsMax}))`;
    },
    { rowsMax: 4, signal: stop.signal },
  );
  expect([removed, await left()]).toEqual([4, 6]);
});
