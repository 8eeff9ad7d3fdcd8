import { newId } from '@zoco/kernel';
import { connect } from '@zoco/postgres';
import { createTestDatabase, testTenant } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TestDatabase } from '@zoco/testing';

const migrations = new URL('../fixtures/migrations/', import.meta.url);
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
});
afterAll(() => database[Symbol.asyncDispose]());

async function addCounter(tenantId = testTenant().id) {
  const id = newId('product');
  await database.db.transact(
    tenantId,
    (tx) => tx.sql`
    insert into counters (tenant_id, id, total) values (${tenantId}, ${id}, 1)`,
  );
  return { tenantId, id };
}

describe('the tenant is in the only door to the database', () => {
  test('a tenant sees its own rows and no others', async () => {
    const [ours, theirs] = [await addCounter(), await addCounter()];
    const ids = await database.db.read(
      ours.tenantId,
      (tx) => tx.sql<{ id: string }[]>`select id from counters`,
    );
    expect(ids.map(({ id }) => id)).toEqual([ours.id]);
    expect(ours.tenantId).not.toBe(theirs.tenantId);
  });

  test('without the setting the runtime role sees nothing, in every table, also on a used connection', async () => {
    await addCounter();
    await using pool = {
      sql: connect({ url: database.urls.runtimeUrl, applicationName: 'test', poolMax: 1 }),
      async [Symbol.asyncDispose]() {
        await this.sql.end();
      },
    };
    const { sql } = pool;
    const before = await sql`select * from counters`;
    await sql.begin((tx) => tx`select set_config('app.tenant_id', 'acme', true)`);
    const tables = await sql<
      { name: string }[]
    >`select tablename as name from pg_tables where schemaname = 'public'`;
    expect(tables.length).toBeGreaterThanOrEqual(4);
    for (const { name } of tables) expect(await sql`select * from ${sql(name)}`).toHaveLength(0);
    expect(before).toHaveLength(0);
  });

  test('a row of another tenant can neither be written nor changed', async () => {
    const [ours, theirs] = [await addCounter(), await addCounter()];
    const insert = database.db.transact(
      ours.tenantId,
      (tx) => tx.sql`
      insert into counters (tenant_id, id, total) values (${theirs.tenantId}, ${newId('product')}, 1)`,
    );
    await expect(insert).rejects.toThrow(/row-level security/);
    const changed = await database.db.transact(
      ours.tenantId,
      (tx) => tx.sql`update counters set total = 9 where id = ${theirs.id}`,
    );
    expect(changed.count).toBe(0);
  });

  test('every table forces row security, and neither role bypasses it', async () => {
    await using admin = {
      sql: connect({ url: database.urls.ownerUrl, applicationName: 'test', poolMax: 1 }),
      async [Symbol.asyncDispose]() {
        await this.sql.end();
      },
    };
    const open =
      await admin.sql`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
      and not (relrowsecurity and relforcerowsecurity)`;
    expect(open).toHaveLength(0);
    const roles =
      await admin.sql`select rolname from pg_roles where rolname like 'zoco_catalog%' and (rolsuper or rolbypassrls)`;
    expect(roles).toHaveLength(0);
  });
});

test('a read transaction refuses to write', async () => {
  const { tenantId } = await addCounter();
  const write = database.db.read(tenantId, (tx) => tx.sql`update counters set total = 2`);
  await expect(write).rejects.toThrow(/read-only/);
});

test('the worker role reaches the outbox of all tenants and no business table', async () => {
  await addCounter();
  await expect(database.db.work((tx) => tx.sql`select * from counters`)).rejects.toThrow(/permission denied/);
  await expect(database.db.work((tx) => tx.sql`select count(*) from outbox`)).resolves.toHaveLength(1);
});

test('transactions that deadlock run again, and both take effect', async () => {
  const first = await addCounter();
  const second = await addCounter(first.tenantId);
  const firstLocks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const bump = (mine: 0 | 1, ids: readonly [string, string]) =>
    database.db.transact(first.tenantId, async (tx) => {
      await tx.sql`update counters set total = total + 1 where id = ${ids[0]}`;
      firstLocks[mine].resolve();
      await firstLocks[mine === 0 ? 1 : 0].promise;
      await tx.sql`update counters set total = total + 1 where id = ${ids[1]}`;
    });
  await Promise.all([bump(0, [first.id, second.id]), bump(1, [second.id, first.id])]);
  const rows = await database.db.read(
    first.tenantId,
    (tx) => tx.sql<{ total: string }[]>`select total from counters`,
  );
  expect(rows.map(({ total }) => Number(total))).toEqual([3, 3]);
});
