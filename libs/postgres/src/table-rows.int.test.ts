import { newId } from '@zoco/kernel';
import { createTestDatabase, type TestDatabase, testTenant } from '@zoco/testing';
import { eq } from 'drizzle-orm';
import { integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { cents, createdAt, id, tenantIdColumn, time } from './columns.ts';
import { NOW, secondsFromNow, tableRows } from './table-rows.ts';

// A table that every service has, with the types of columns that ours are made of.
const outbox = pgTable('outbox', {
  tenantId: tenantIdColumn(),
  seq: cents('seq').notNull(),
  id: id('id', 'event').notNull(),
  type: text('type').notNull(),
  aggregateId: text('aggregate_id').notNull(),
  aggregateVersion: integer('aggregate_version').notNull(),
  data: jsonb('data').$type<{ name: string }>().notNull(),
  traceparent: text('traceparent'),
  createdAt: createdAt(),
  publishedAt: time('published_at'),
});
const rows = tableRows(outbox);
const { id: tenantId } = testTenant();
let database: TestDatabase;

beforeAll(async () => {
  const migrations = new URL('../../events/fixtures/migrations/', import.meta.url);
  database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
});
afterAll(() => database[Symbol.asyncDispose]());

const event = () => ({
  tenantId,
  id: newId('event'),
  type: 'thing.made',
  aggregateId: newId('order'),
  aggregateVersion: 1,
  data: { name: `"quoted" 'ñ'` },
  traceparent: undefined,
  createdAt: new Date('2026-02-03T04:05:06.789Z'),
  publishedAt: NOW,
});

test('a row comes back as the query builder reads it', async () => {
  const wanted = event();
  const [written, read] = await database.db.transact(tenantId, async (tx) => {
    const [row] = await tx.sql`
      insert into outbox ${rows.values(tx.sql, wanted)} returning ${rows.columns(tx.sql)}, date_trunc('milliseconds', now()) as at`;
    const [built] = await tx.db.select().from(outbox).where(eq(outbox.id, wanted.id));
    return [row && { ...rows.decode(row), at: new Date(String(row['at'])) }, built];
  });
  const { at, ...row } = written ?? {};
  expect(row).toEqual(read);
  expect(row).toMatchObject({ ...wanted, traceparent: null, seq: expect.any(Number), publishedAt: at });
});

test('an update sets what is given, and a time from now by the database', async () => {
  const wanted = event();
  const [before, after] = await database.db.transact(tenantId, async (tx) => {
    const [inserted] = await tx.sql`
      insert into outbox ${rows.values(tx.sql, wanted)} returning ${rows.columns(tx.sql)}`;
    const changes = {
      traceparent: 'trace',
      publishedAt: secondsFromNow(90),
      createdAt: NOW,
      type: undefined,
    };
    const [updated] = await tx.sql`
      update outbox set ${rows.values(tx.sql, changes)} where id = ${wanted.id} returning ${rows.columns(tx.sql)}`;
    return [inserted, updated].map((row) => row && rows.decode(row));
  });
  expect(after).toEqual({
    ...before,
    traceparent: 'trace',
    createdAt: expect.any(Date),
    publishedAt: expect.any(Date),
  });
  const gapMs = Number(after?.publishedAt) - Number(after?.createdAt);
  expect(gapMs).toBe(90_000);
});

test('what the table does not have is refused', async () => {
  const wrong: object = { ...event(), nonsense: 1 };
  const inserting = database.db.transact(
    tenantId,
    (tx) => tx.sql`insert into outbox ${rows.values(tx.sql, wrong)}`,
  );
  await expect(inserting).rejects.toThrow('no column nonsense');
});
