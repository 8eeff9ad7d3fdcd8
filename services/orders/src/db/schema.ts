import type { Address, CustomerSnapshot, OrderStatus, PaymentMethod, PaymentStatus } from '@zoco/contracts';
import { cents, createdAt, currency, id, tenantIdColumn, time, version } from '@zoco/postgres';
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { RequestedItem } from '../rules/placement.ts';

export { deadLetters, inbox, outbox } from '@zoco/events';

/** What is needed to finish a pending order; emptied when that is done. */
export interface PendingRequest {
  readonly items: readonly RequestedItem[];
  readonly payment_token: string | null;
  /** Set when the orchestrator asked: confirmed in the transaction that creates it, and answered in its own form. */
  readonly orchestration: { readonly correlation_id: string } | null;
}

/** The last attempt to pay that was declined. */
export interface PaymentFailure {
  readonly code: string;
  readonly detail: string;
}

/**
 * Orders. A trigger refuses what is not in the table of states, every update that does not raise `version` by one, and
 * changes of what an order costs; another writes each version to `order_transitions`.
 */
export const orders = pgTable(
  'orders',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'order').notNull(),
    /** For people: `2026-000042`, unique per tenant. Refused orders leave gaps. */
    number: text('number').notNull(),
    /** The buyer of a B2C order. */
    userId: id('user_id', 'user'),
    /** The customer of a B2B order, with its data at that time. */
    customerId: id('customer_id', 'customer'),
    customer: jsonb('customer').$type<CustomerSnapshot>(),
    /** The customer's own number of a B2B order. */
    reference: text('reference'),
    buyerEmail: text('buyer_email').notNull().default(''),
    buyerName: text('buyer_name').notNull().default(''),
    /** User or API key that placed it. */
    placedBy: text('placed_by').notNull(),
    cartId: id('cart_id', 'cart'),
    status: text('status').$type<OrderStatus>().notNull(),
    paymentMethod: text('payment_method').$type<PaymentMethod>().notNull(),
    paymentStatus: text('payment_status').$type<PaymentStatus>().notNull().default('unpaid'),
    /** Version of the payment that `payment_status` comes from: an older event changes nothing. */
    paymentVersion: integer('payment_version').notNull().default(0),
    paymentAttempts: integer('payment_attempts').notNull().default(0),
    paymentFailure: jsonb('payment_failure').$type<PaymentFailure>(),
    currency: currency().notNull(),
    locale: text('locale').notNull(),
    pricesIncludeTax: boolean('prices_include_tax').notNull(),
    subtotalCents: cents('subtotal_cents').notNull().default(0),
    taxCents: cents('tax_cents').notNull().default(0),
    shippingCents: cents('shipping_cents').notNull().default(0),
    shippingTaxCents: cents('shipping_tax_cents').notNull().default(0),
    shippingTaxRateBps: integer('shipping_tax_rate_bps').notNull().default(0),
    totalCents: cents('total_cents').notNull().default(0),
    refundedCents: cents('refunded_cents').notNull().default(0),
    /** The terms of the day it was created. */
    cancelWindowMinutes: integer('cancel_window_minutes').notNull().default(0),
    paymentTermsDays: integer('payment_terms_days'),
    shippingAddress: jsonb('shipping_address').$type<Address>(),
    request: jsonb('request').$type<PendingRequest>(),
    /** Why it was rejected, canceled or expired. */
    reason: text('reason'),
    /** Who made the last change (a user, an API key, a part of the system) and why: what the log of transitions gets. */
    changedBy: text('changed_by').notNull(),
    changeReason: text('change_reason'),
    carrier: text('carrier'),
    tracking: text('tracking'),
    createdAt: createdAt(),
    expiresAt: time('expires_at'),
    confirmedAt: time('confirmed_at'),
    cancelUntil: time('cancel_until'),
    shippedAt: time('shipped_at'),
    deliveredAt: time('delivered_at'),
    canceledAt: time('canceled_at'),
    /** When the sweeper looks at it next: to finish a pending order, or to expire one that is not paid. */
    dueAt: time('due_at'),
    version: version(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('orders_number').on(table.tenantId, table.number),
    // One cart becomes one order, whatever keys it is checked out with.
    uniqueIndex('orders_live_of_cart')
      .on(table.tenantId, table.cartId)
      .where(sql`cart_id is not null and status not in ('rejected', 'canceled', 'expired')`),
    // One reference is one order of a customer, whoever sends it and with whatever key. What was refused or expired was no sale.
    uniqueIndex('orders_reference')
      .on(table.tenantId, table.customerId, table.reference)
      .where(sql`reference is not null and status not in ('rejected', 'expired')`),
    index('orders_by_time').on(table.tenantId, table.createdAt, table.id),
    index('orders_by_status').on(table.tenantId, table.status, table.createdAt, table.id),
    index('orders_by_user')
      .on(table.tenantId, table.userId, table.createdAt, table.id)
      .where(sql`user_id is not null`),
    index('orders_by_customer')
      .on(table.tenantId, table.customerId, table.createdAt, table.id)
      .where(sql`customer_id is not null`),
    // For the sweeper, and for counting what waits.
    index('orders_waiting')
      .on(table.dueAt)
      .where(sql`status in ('pending', 'created', 'cancel_pending')`),
    index('orders_open')
      .on(table.tenantId, table.userId)
      .where(sql`status in ('pending', 'created') and user_id is not null`),
    check(
      'orders_money',
      sql`least(subtotal_cents, tax_cents, shipping_cents, shipping_tax_cents) >= 0
      and total_cents = subtotal_cents + shipping_cents + case when prices_include_tax then 0 else tax_cents end
      and refunded_cents between 0 and total_cents`,
    ),
  ],
);

/** What was ordered, with name, price and tax of that moment. Never changed. */
export const orderLines = pgTable(
  'order_lines',
  {
    tenantId: tenantIdColumn(),
    orderId: id('order_id', 'order').notNull(),
    /** From 1, in the order of the request. */
    position: integer('position').notNull(),
    productId: id('product_id', 'product').notNull(),
    sku: text('sku').notNull(),
    name: text('name').notNull(),
    category: text('category'),
    quantity: integer('quantity').notNull(),
    unitPriceCents: cents('unit_price_cents').notNull(),
    taxRateBps: integer('tax_rate_bps').notNull(),
    subtotalCents: cents('subtotal_cents').notNull(),
    taxCents: cents('tax_cents').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.orderId, table.position] }),
    foreignKey({ columns: [table.tenantId, table.orderId], foreignColumns: [orders.tenantId, orders.id] }),
    check('order_lines_money', sql`quantity > 0 and subtotal_cents = unit_price_cents * quantity`),
  ],
);

/** Every version of every order: what it became, why, by whom. Written by a trigger, never changed. */
export const orderTransitions = pgTable(
  'order_transitions',
  {
    tenantId: tenantIdColumn(),
    orderId: id('order_id', 'order').notNull(),
    version: integer('version').notNull(),
    fromStatus: text('from_status').$type<OrderStatus>(),
    toStatus: text('to_status').$type<OrderStatus>().notNull(),
    paymentStatus: text('payment_status').$type<PaymentStatus>().notNull(),
    reason: text('reason'),
    changedBy: text('changed_by').notNull(),
    at: time('at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.orderId, table.version] })],
);

/** Last order number of a tenant's year. */
export const orderNumbers = pgTable(
  'order_numbers',
  {
    tenantId: tenantIdColumn(),
    year: integer('year').notNull(),
    last: integer('last').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.year] })],
);

/**
 * Idempotency keys with the answers that were given. The claim holds for a lease; `attempt` fences out whoever lost it. After
 * a day the answer is forgotten, the key stays: it never places a second order.
 */
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
    /** The order that it places or confirms. */
    resourceId: id('resource_id', 'order').notNull(),
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
    index('idempotency_keys_open')
      .on(table.tenantId, table.resourceId)
      .where(sql`state = 'in_progress'`),
    index('idempotency_keys_expired')
      .on(table.expiresAt)
      .where(sql`body is not null`),
    check('idempotency_keys_length', sql`length(key) between 16 and 255`),
    check('idempotency_keys_state', sql`(state = 'completed') = (status is not null)`),
  ],
);
