import type { PaymentMethod } from '@zoco/contracts';
import { cents, createdAt, currency, id, tenantIdColumn, time, updatedAt, version } from '@zoco/postgres';
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Account, JournalKind } from '../rules/ledger.ts';
import type { PaymentStatus } from '../rules/payment.ts';

export { deadLetters, inbox, outbox } from '@zoco/events';

/** The payment of an order: one each, written before the provider is asked for anything. */
export const payments = pgTable(
  'payments',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'payment').notNull(),
    orderId: id('order_id', 'order').notNull(),
    userId: id('user_id', 'user'),
    method: text('method').$type<PaymentMethod>().notNull(),
    amountCents: cents('amount_cents').notNull(),
    /** Tax within the amount. */
    taxCents: cents('tax_cents').notNull(),
    currency: currency().notNull(),
    status: text('status').$type<PaymentStatus>().notNull(),
    /** The order was voided before it was known here: nothing may ever be charged for it. */
    isTombstone: boolean('is_tombstone').notNull().default(false),
    capturedCents: cents('captured_cents').notNull().default(0),
    /** Refunds asked for, done or not. */
    refundRequestedCents: cents('refund_requested_cents').notNull().default(0),
    refundedCents: cents('refunded_cents').notNull().default(0),

    intentId: text('intent_id'),
    /** Version of the key under which the intent is created; raised when it is certain that there is none. */
    keyVersion: integer('key_version').notNull().default(1),
    /** When a create may first have been sent. */
    intentCalledAt: time('intent_called_at'),
    /** Whether the create makes the last attempt: it confirms with its token. */
    confirmOnCreate: boolean('confirm_on_create').notNull().default(false),
    /** Token of the attempt that is not settled. */
    paymentToken: text('payment_token'),
    attempt: integer('attempt').notNull().default(0),
    settledAttempt: integer('settled_attempt').notNull().default(0),
    failures: integer('failures').notNull().default(0),
    /** Mark of the last failure that was told. */
    lastFailure: text('last_failure'),
    errorCode: text('error_code'),
    errorDetail: text('error_detail'),
    nextActionUrl: text('next_action_url'),
    /** What staff noted when they booked a transfer. */
    reference: text('reference'),

    /** Why it is to be ended; set before the provider is asked to. */
    cancelReason: text('cancel_reason'),
    orderEnded: boolean('order_ended').notNull().default(false),
    /** When somebody has to look; whoever takes the work moves it on by the lease. */
    dueAt: time('due_at'),
    tries: integer('tries').notNull().default(0),
    /** Something happened while it was worked on. */
    lookAgain: boolean('look_again').notNull().default(false),

    orderExpiresAt: time('order_expires_at'),
    succeededAt: time('succeeded_at'),
    canceledAt: time('canceled_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('payments_order').on(table.tenantId, table.orderId),
    uniqueIndex('payments_intent').on(table.tenantId, table.intentId),
    index('payments_user').on(table.tenantId, table.userId, table.id),
    // The few that wait for something, among all that are over.
    index('payments_open')
      .on(table.tenantId, table.status, table.id)
      .where(sql`status in ('pending', 'requires_payment_method', 'requires_action', 'processing')`),
    index('payments_over')
      .on(table.tenantId, table.status, table.id)
      .where(sql`status in ('partially_refunded', 'refunded', 'canceled')`),
    index('payments_due')
      .on(table.dueAt)
      .where(sql`due_at is not null`),
    // For an event that names no tenant.
    index('payments_by_intent')
      .on(table.intentId)
      .where(sql`intent_id is not null`),
    check(
      'payments_status',
      sql`status in ('pending', 'requires_payment_method', 'requires_action', 'processing', 'succeeded',
                     'partially_refunded', 'refunded', 'canceled')`,
    ),
    check('payments_tax', sql`tax_cents between 0 and amount_cents`),
    check('payments_captured', sql`captured_cents in (0, amount_cents)`),
    check(
      'payments_refunds',
      sql`0 <= refunded_cents and refunded_cents <= refund_requested_cents
                                  and refund_requested_cents <= captured_cents`,
    ),
    check(
      'payments_succeeded',
      sql`(succeeded_at is not null) = (status in ('succeeded', 'partially_refunded', 'refunded'))`,
    ),
  ],
);

/** Money that goes back. The row comes first; its id makes the provider's key. */
export const refunds = pgTable(
  'refunds',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'refund').notNull(),
    paymentId: id('payment_id', 'payment').notNull(),
    /** What it is for: the same reason never refunds twice. */
    reasonKey: text('reason_key').notNull(),
    amountCents: cents('amount_cents').notNull(),
    reason: text('reason').notNull(),
    status: text('status').$type<RefundStatus>().notNull().default('pending'),
    /** It gives back a late capture, which was never the order's money. */
    isLate: boolean('is_late').notNull().default(false),
    /** Null where no provider is involved. */
    intentId: text('intent_id'),
    providerId: text('provider_id'),
    /** Version of the provider's key; raised when a try has failed for certain. */
    keyVersion: integer('key_version').notNull().default(1),
    failureCode: text('failure_code'),
    requestedBy: text('requested_by').notNull(),
    dueAt: time('due_at'),
    tries: integer('tries').notNull().default(0),
    createdAt: createdAt(),
    /** When it was first told; a refund that comes back and is tried again is not told twice. */
    refundedAt: time('refunded_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      columns: [table.tenantId, table.paymentId],
      foreignColumns: [payments.tenantId, payments.id],
    }),
    uniqueIndex('refunds_reason').on(table.tenantId, table.paymentId, table.reasonKey),
    uniqueIndex('refunds_provider').on(table.tenantId, table.providerId),
    index('refunds_due')
      .on(table.dueAt)
      .where(sql`due_at is not null`),
    check('refunds_amount', sql`amount_cents > 0`),
    check('refunds_status', sql`status in ('pending', 'succeeded', 'failed')`),
  ],
);
export type RefundStatus = 'pending' | 'succeeded' | 'failed';

/** Signed events that arrived, each once. What they say is not kept: it is only ever a reason to look. */
export const stripeEvents = pgTable(
  'stripe_events',
  {
    tenantId: tenantIdColumn(),
    id: text('id').notNull(),
    type: text('type').notNull(),
    paymentId: id('payment_id', 'payment').notNull(),
    occurredAt: time('occurred_at').notNull(),
    receivedAt: time('received_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('stripe_events_received').on(table.receivedAt),
  ],
);

/** One movement of money, double entry. `ref` says what it is for: a kind never posts the same thing twice. */
export const ledgerJournals = pgTable(
  'ledger_journals',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'journal').notNull(),
    kind: text('kind').$type<JournalKind>().notNull(),
    ref: text('ref').notNull(),
    paymentId: id('payment_id', 'payment').notNull(),
    orderId: id('order_id', 'order').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('ledger_journals_ref').on(table.tenantId, table.kind, table.ref),
    index('ledger_journals_of_order').on(table.tenantId, table.orderId, table.id),
    index('ledger_journals_unusual')
      .on(table.tenantId, table.kind, table.id)
      .where(sql`kind not in ('capture', 'fee')`),
    // When one was last booked.
    index('ledger_journals_fees')
      .on(table.createdAt)
      .where(sql`kind = 'fee'`),
    check(
      'ledger_journals_kind',
      sql`kind in ('capture', 'settlement', 'refund', 'refund_return', 'late_capture', 'late_refund', 'fee', 'payout')`,
    ),
  ],
);

export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    tenantId: tenantIdColumn(),
    journalId: id('journal_id', 'journal').notNull(),
    line: smallint('line').notNull(),
    account: text('account').$type<Account>().notNull(),
    currency: currency().notNull(),
    /** Debit positive, credit negative. */
    amountCents: cents('amount_cents').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.journalId, table.line] }),
    foreignKey({
      columns: [table.tenantId, table.journalId],
      foreignColumns: [ledgerJournals.tenantId, ledgerJournals.id],
    }),
    check('ledger_entries_amount', sql`amount_cents <> 0`),
    check(
      'ledger_entries_account',
      sql`account in ('stripe_clearing', 'bank', 'revenue', 'tax_payable', 'customer_suspense', 'stripe_fees')`,
    ),
  ],
);

/** Idempotency keys with the answers that were given. A claim holds for a lease; `attempt` fences out whoever lost it. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: tenantIdColumn(),
    principal: text('principal').notNull(),
    /** Method and route. */
    operation: text('operation').notNull(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    state: text('state').$type<'in_progress' | 'completed'>().notNull().default('in_progress'),
    /** What was begun under the key, so that a second try goes on with it. */
    resource: text('resource').notNull(),
    attempt: integer('attempt').notNull().default(1),
    lockedUntil: time('locked_until').notNull(),
    status: integer('status'),
    /** Text and not jsonb: a repeated answer has the same bytes. */
    body: text('body'),
    createdAt: createdAt(),
    expiresAt: time('expires_at')
      .notNull()
      .default(sql`now() + interval '24 hours'`),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.principal, table.operation, table.key] }),
    index('idempotency_keys_expired').on(table.expiresAt),
    check('idempotency_keys_length', sql`length(key) between 16 and 255`),
    check('idempotency_keys_state', sql`(state = 'completed') = (status is not null)`),
  ],
);
