import { AsyncLocalStorage } from 'node:async_hooks';
import { Problem } from '@zoco/kernel';
import { createTestDatabase, type TestDatabase, testTenant } from '@zoco/testing';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Database, Tx } from './database.ts';
import type { Sharing } from './shared-transactions.ts';

const migrations = new URL('../../events/fixtures/migrations/', import.meta.url);
let database: TestDatabase;
let db: Database;
let tenant: ReturnType<typeof testTenant>['id'];

beforeAll(async () => {
  database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
  ({ db } = database);
});
beforeEach(() => {
  tenant = testTenant().id;
});
afterAll(() => database[Symbol.asyncDispose]());

const together = <T>(key: string, work: (tx: Tx) => Promise<T>, more: Partial<Sharing> = {}) =>
  db.transactTogether(tenant, { kind: 'count', key, ...more }, work);

const increment = (tx: Tx, id: string) => tx.sql<{ total: string; transaction: string }[]>`
  insert into counters as c (tenant_id, id, total) values (${tx.tenantId}, ${id}, 1)
  on conflict (tenant_id, id) do update set total = c.total + 1
  returning total, pg_current_xact_id()::text as transaction`;

const count = (id: string) => together(id, async (tx) => (await increment(tx, id))[0]);

const totals = async () => {
  const rows = await db.read(
    tenant,
    (tx) => tx.sql<{ id: string; total: string }[]>`select id, total from counters order by id`,
  );
  return Object.fromEntries(rows.map(({ id, total }) => [id, Number(total)]));
};

test('works that come together share a transaction, and each gets what is its own', async () => {
  const done = await Promise.all(['a', 'b', 'c'].map(count));
  expect(done.map((row) => row?.total)).toEqual(['1', '1', '1']);
  expect(new Set(done.map((row) => row?.transaction)).size).toBe(1);
  expect(await totals()).toEqual({ a: 1, b: 1, c: 1 });
});

test('two works on the same thing never share one, and come in order', async () => {
  const done = await Promise.all(['a', 'a', 'a', 'b'].map(count));
  expect(done.map((row) => row?.total)).toEqual(['1', '2', '3', '1']);
  expect(new Set(done.slice(0, 3).map((row) => row?.transaction)).size).toBe(3);
});

test('kinds and tenants do not mix', async () => {
  const other = testTenant().id;
  const work = async (tx: Tx) => (await increment(tx, tx.tenantId))[0]?.transaction;
  const transactions = await Promise.all([
    together('a', work),
    together('b', work, { kind: 'another' }),
    db.transactTogether(other, { kind: 'count', key: 'a' }, work),
  ]);
  expect(new Set(transactions).size).toBe(3);
});

test('one that fails takes nobody along, and leaves nothing behind', async () => {
  const failing = together('b', async (tx) => {
    await increment(tx, 'b');
    throw new Problem('conflict', 'count_refused', 'No.');
  });
  const broken = together('c', (tx) => tx.sql`select 1/0`);
  const [a, b, c, d] = await Promise.allSettled([count('a'), failing, broken, count('d')]);
  expect(a).toMatchObject({ status: 'fulfilled', value: { total: '1' } });
  expect(b).toMatchObject({ status: 'rejected', reason: { code: 'count_refused' } });
  expect(c).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
  expect(d).toMatchObject({ status: 'fulfilled', value: { total: '1' } });
  expect(await totals()).toEqual({ a: 1, d: 1 });
});

test('what is to be done after the commit is done once, also by those that ran twice', async () => {
  const effects: string[] = [];
  const work = (id: string) => async (tx: Tx) => {
    tx.onCommit(() => effects.push(id));
    await increment(tx, id);
  };
  await Promise.allSettled([
    together('a', work('a')),
    together('b', work('b')),
    together('c', () => Promise.reject(new Error('no'))),
  ]);
  expect(effects.toSorted()).toEqual(['a', 'b']);
});

test('when nobody knows whether it was committed, none of them runs again', async () => {
  const runs: string[] = [];
  const work = (id: string) => async (tx: Tx) => {
    runs.push(id);
    await increment(tx, id);
    if (id === 'b') await tx.sql`select pg_terminate_backend(pg_backend_pid())`;
  };
  const ended = await Promise.allSettled(['a', 'b', 'c'].map((id) => together(id, work(id))));
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(runs.toSorted()).toEqual(['a', 'b', 'c']);
  expect(await totals()).toEqual({});
});

test('rows that works have in common are locked first, once and in one order', async () => {
  const seen: (readonly string[])[] = [];
  const take = (tx: Tx, keys: readonly string[]) => {
    seen.push(keys);
    return tx.sql`select from counters where tenant_id = ${tx.tenantId} and id = any(${[...keys]}::text[]) order by id for update`;
  };
  const works = [
    ['1', ['z', 'b']],
    ['2', ['a', 'z']],
  ] as const;
  await Promise.all(
    works.map(([key, keys]) => together(key, (tx) => increment(tx, key), { locks: { keys, take } })),
  );
  expect(seen).toEqual([['a', 'b', 'z']]);
  await together('3', (tx) => increment(tx, '3'), { locks: { keys: ['y', 'x'], take } });
  expect(seen[1]).toEqual(['x', 'y']);
});

test('a lock that one has to wait for holds up nobody else', async () => {
  await count('held');
  const [held, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = db.transact(tenant, async (tx) => {
    await increment(tx, 'held');
    held.resolve();
    await free.promise;
  });
  await held.promise;
  const ended: string[] = [];
  const waiting = count('held').then(() => ended.push('held'));
  const company = count('a').then(() => ended.push('a'));
  await company;
  await count('b').then(() => ended.push('b'));
  free.resolve();
  await Promise.all([holding, waiting]);
  expect(ended).toEqual(['a', 'b', 'held']);
  expect(await totals()).toEqual({ a: 1, b: 1, held: 3 });
});

test('each work runs in the context of whoever asked for it', async () => {
  const context = new AsyncLocalStorage<string>();
  const seen = await Promise.all(
    ['a', 'b'].map((id) =>
      context.run(id, () =>
        together(id, async (tx) => {
          await increment(tx, id);
          return context.getStore();
        }),
      ),
    ),
  );
  expect(seen).toEqual(['a', 'b']);
});

test('a hundred that race lose and double nothing', async () => {
  const keys = Array.from({ length: 100 }, (_, index) => `k${String(index % 7)}`);
  await Promise.all(keys.map(count));
  const sums = Object.values(await totals());
  expect(sums.reduce((sum, total) => sum + total, 0)).toBe(100);
});
