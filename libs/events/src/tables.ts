import { createdAt, id, tenantIdColumn, time } from '@zoco/postgres';
import { sql } from 'drizzle-orm';
import {
  bigserial,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

/** Shards of an outbox: replicas relay different shards at once, one aggregate always lies in one. */
export const OUTBOX_SHARDS = 4;

/**
 * Events that happened, written in the transaction that made them true. Every service with a database has this table and
 * the two below: re-export them from `db/schema.ts`.
 */
export const outbox = pgTable(
  'outbox',
  {
    tenantId: tenantIdColumn(),
    seq: bigserial('seq', { mode: 'number' }).primaryKey(),
    id: id('id', 'event').notNull(),
    type: text('type').notNull(),
    aggregateId: text('aggregate_id').notNull(),
    aggregateVersion: integer('aggregate_version').notNull(),
    data: jsonb('data').notNull(),
    traceparent: text('traceparent'),
    shard: smallint('shard')
      .notNull()
      .generatedAlwaysAs(sql.raw(`((hashtext(aggregate_id) & ${OUTBOX_SHARDS - 1})::smallint)`)),
    createdAt: createdAt(),
    publishedAt: time('published_at'),
  },
  (table) => [
    uniqueIndex('outbox_aggregate').on(table.tenantId, table.aggregateId, table.aggregateVersion, table.type),
    index('outbox_todo')
      .on(table.shard, table.seq)
      .where(sql`published_at is null`),
  ],
);

/** Events that a consumer has handled: the insert into it is what makes an effect happen once. */
export const inbox = pgTable(
  'inbox',
  {
    tenantId: tenantIdColumn(),
    consumer: text('consumer').notNull(),
    eventId: id('event_id', 'event').notNull(),
    processedAt: time('processed_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.consumer, table.eventId] }),
    index('inbox_processed').on(table.processedAt),
  ],
);

/** Events that a consumer could not handle, kept until somebody redrives them. */
export const deadLetters = pgTable(
  'dead_letters',
  {
    tenantId: tenantIdColumn(),
    consumer: text('consumer').notNull(),
    eventId: text('event_id').notNull(),
    subject: text('subject').notNull(),
    payload: text('payload').notNull(),
    error: text('error').notNull(),
    attempts: integer('attempts').notNull(),
    createdAt: createdAt(),
    redrivenAt: time('redriven_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.consumer, table.eventId] })],
);
