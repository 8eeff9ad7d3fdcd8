import { cents, createdAt, currency, id, tenantIdColumn, time } from '@zoco/postgres';
import { index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';

export { deadLetters, inbox, outbox } from '@zoco/events';

/** The last number of each series: one row is locked per document, so numbers have no gaps. */
export const numberSeries = pgTable(
  'number_series',
  {
    tenantId: tenantIdColumn(),
    series: text('series').notNull(),
    year: integer('year').notNull(),
    last: integer('last').notNull(),
    /** When the last one was issued: dates never run against numbers. */
    lastIssuedAt: time('last_issued_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.series, table.year] })],
);

/** Invoices and credit notes. Rows are never changed: a trigger refuses it, and the runtime role has no right to. */
export const documents = pgTable(
  'documents',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'invoice').notNull(),
    kind: text('kind').$type<'invoice' | 'credit_note'>().notNull(),
    series: text('series').notNull(),
    year: integer('year').notNull(),
    sequence: integer('sequence').notNull(),
    number: text('number').notNull(),
    orderId: id('order_id', 'order').notNull(),
    userId: id('user_id', 'user'),
    customerId: id('customer_id', 'customer'),
    /** What it was issued for: one order, refund or cancellation has one document. */
    sourceKey: text('source_key').notNull(),
    correctsId: id('corrects_id', 'invoice'),
    currency: currency().notNull(),
    totalCents: cents('total_cents').notNull(),
    issuedAt: time('issued_at').notNull(),
    dueAt: time('due_at'),
    snapshot: jsonb('snapshot').notNull(),
    sha256: text('sha256').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('documents_number').on(table.tenantId, table.series, table.year, table.sequence),
    uniqueIndex('documents_source').on(table.tenantId, table.sourceKey),
    index('documents_order').on(table.tenantId, table.orderId),
    index('documents_user').on(table.tenantId, table.userId, table.id),
    index('documents_customer').on(table.tenantId, table.customerId, table.id),
  ],
);

/** Corrections that arrived before the invoice they correct; applied right after it is issued. */
export const earlyCorrections = pgTable(
  'early_corrections',
  {
    tenantId: tenantIdColumn(),
    orderId: id('order_id', 'order').notNull(),
    sourceKey: text('source_key').notNull(),
    refundId: id('refund_id', 'refund'),
    /** Null for a cancellation. */
    amountCents: cents('amount_cents'),
    reason: text('reason').notNull().default(''),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.orderId, table.sourceKey] })],
);

/** Customers as `customer.updated` told last, for invoices to come. */
export const customers = pgTable(
  'customers',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'customer').notNull(),
    version: integer('version').notNull(),
    snapshot: jsonb('snapshot').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);
