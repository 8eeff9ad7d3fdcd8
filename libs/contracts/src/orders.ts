import { z } from 'zod';
import { defineEvent } from './event.ts';
import {
  addressField,
  centsField,
  currencyField,
  exampleId,
  idField,
  localeField,
  rateBpsField,
  timeField,
} from './fields.ts';
import { RESERVATION_LINES_MAX } from './catalog.ts';
import { bankAccount, customerSnapshot, exampleBankAccount } from './users.ts';

export const orderStatus = z.enum([
  'pending',
  'rejected',
  'created',
  'confirmed',
  'cancel_pending',
  'canceled',
  'expired',
  'shipped',
  'delivered',
]);
export type OrderStatus = z.infer<typeof orderStatus>;

export const paymentStatus = z.enum(['unpaid', 'pending', 'paid', 'partially_refunded', 'refunded']);
export type PaymentStatus = z.infer<typeof paymentStatus>;

/** How an order is paid: by card now, by bank transfer, or on the customer's account with terms. */
export const paymentMethod = z.enum(['card', 'transfer', 'on_account']);
export type PaymentMethod = z.infer<typeof paymentMethod>;

/** How the buyer of an order by transfer pays it. */
export const transferTarget = bankAccount
  .extend({
    reference: z
      .string()
      .meta({ description: 'What the buyer writes into the transfer: the order’s number.' }),
  })
  .meta({ examples: [{ ...exampleBankAccount, reference: '2026-000042' }] });
export type TransferTarget = z.infer<typeof transferTarget>;

export const orderItem = z.object({
  product_id: idField('product'),
  sku: z.string(),
  name: z.string(),
  category: z.string().nullable(),
  quantity: z.int().positive(),
  unit_price_cents: centsField,
  tax_rate_bps: rateBpsField,
  subtotal_cents: centsField,
  tax_cents: centsField,
});
export type OrderItem = z.infer<typeof orderItem>;

/** An order as the other services need it: complete, so that none of them has to ask back. */
export const orderSnapshot = z.object({
  order_id: idField('order'),
  number: z.string(),
  user_id: idField('user').nullable(),
  customer: customerSnapshot.nullable(),
  buyer_email: z.string(),
  buyer_name: z.string(),
  locale: localeField,
  currency: currencyField,
  prices_include_tax: z.boolean(),
  items: z.array(orderItem),
  subtotal_cents: centsField,
  tax_cents: centsField,
  shipping_cents: centsField,
  /** Part of `tax_cents` that is for shipping; the rest is the sum of the items' taxes. */
  shipping_tax_cents: centsField.optional(),
  shipping_tax_rate_bps: rateBpsField.optional(),
  total_cents: centsField,
  payment_method: paymentMethod,
  shipping_address: addressField.nullable(),
  created_at: timeField,
});
export type OrderSnapshot = z.infer<typeof orderSnapshot>;

const exampleOrder: z.input<typeof orderSnapshot> = {
  order_id: exampleId('order'),
  number: '2026-000042',
  user_id: exampleId('user'),
  customer: null,
  buyer_email: 'ana@example.com',
  buyer_name: 'Ana García',
  locale: 'es-ES',
  currency: 'EUR',
  prices_include_tax: true,
  items: [
    {
      product_id: exampleId('product'),
      sku: '9780439023481',
      name: 'The Hunger Games',
      category: 'fiction',
      quantity: 2,
      unit_price_cents: 1299,
      tax_rate_bps: 400,
      subtotal_cents: 2598,
      tax_cents: 100,
    },
  ],
  subtotal_cents: 2598,
  tax_cents: 113,
  shipping_cents: 350,
  shipping_tax_cents: 13,
  shipping_tax_rate_bps: 400,
  total_cents: 2948,
  payment_method: 'card',
  shipping_address: { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' },
  created_at: '2026-11-22T10:15:00.000Z',
};
const exampleOrderId = exampleOrder.order_id;

export const orderCreated = defineEvent({
  type: 'order.created',
  producer: 'orders',
  summary: 'Stock is reserved and totals are fixed; the order waits for payment until `expires_at`.',
  data: orderSnapshot.extend({
    expires_at: timeField.nullable(),
    /** A single-use token of the payment provider (`pm_…`), never card data. */
    payment_token: z.string().nullable(),
    /** The cart that became this order; null when it was not placed from one. */
    cart_id: idField('cart').nullable().default(null),
  }),
  example: {
    ...exampleOrder,
    expires_at: '2026-11-22T10:30:00.000Z',
    payment_token: 'pm_card_visa',
    cart_id: exampleId('cart'),
  },
});

export const orderRejected = defineEvent({
  type: 'order.rejected',
  producer: 'orders',
  summary: 'The order could not be created: out of stock, or the catalog did not answer in time.',
  data: z.object({ order_id: idField('order'), reason: z.string() }),
  example: { order_id: exampleOrderId, reason: 'out_of_stock' },
});

export const orderConfirmed = defineEvent({
  type: 'order.confirmed',
  producer: 'orders',
  summary: 'Paid, or accepted on account: stock is committed, the invoice is issued.',
  data: orderSnapshot.extend({
    confirmed_at: timeField,
    cancel_until: timeField,
    payment_status: paymentStatus,
    payment_terms_days: z.int().nullable(),
  }),
  example: {
    ...exampleOrder,
    confirmed_at: '2026-11-22T10:15:01.000Z',
    cancel_until: '2026-11-22T10:25:01.000Z',
    payment_status: 'paid',
    payment_terms_days: null,
  },
});

export const orderCancelRequested = defineEvent({
  type: 'order.cancel_requested',
  producer: 'orders',
  summary: 'A confirmed order is being canceled: money goes back first, `order.canceled` follows.',
  data: z.object({ order_id: idField('order'), reason: z.string(), requested_at: timeField }),
  example: { order_id: exampleOrderId, reason: 'buyer_request', requested_at: '2026-11-22T10:20:00.000Z' },
});

export const orderCanceled = defineEvent({
  type: 'order.canceled',
  producer: 'orders',
  summary: 'The order is canceled and its stock goes back; `was_confirmed` tells which kind of stock.',
  data: z.object({
    order_id: idField('order'),
    reason: z.string(),
    was_confirmed: z.boolean(),
    canceled_at: timeField,
  }),
  example: {
    order_id: exampleOrderId,
    reason: 'buyer_request',
    was_confirmed: true,
    canceled_at: '2026-11-22T10:20:01.000Z',
  },
});

export const orderExpired = defineEvent({
  type: 'order.expired',
  producer: 'orders',
  summary: 'Not paid in time; the reservation is released.',
  data: z.object({ order_id: idField('order'), expired_at: timeField }),
  example: { order_id: exampleOrderId, expired_at: '2026-11-22T10:30:00.000Z' },
});

export const orderShipped = defineEvent({
  type: 'order.shipped',
  producer: 'orders',
  summary: 'The order left the warehouse.',
  data: z.object({
    order_id: idField('order'),
    carrier: z.string().nullable(),
    tracking: z.string().nullable(),
    shipped_at: timeField,
  }),
  example: {
    order_id: exampleOrderId,
    carrier: 'Correos',
    tracking: 'PQ4F6X0',
    shipped_at: '2026-11-23T08:00:00.000Z',
  },
});

export const orderDelivered = defineEvent({
  type: 'order.delivered',
  producer: 'orders',
  summary: 'The order arrived.',
  data: z.object({ order_id: idField('order'), delivered_at: timeField }),
  example: { order_id: exampleOrderId, delivered_at: '2026-11-24T12:00:00.000Z' },
});

export const orderRefunded = defineEvent({
  type: 'order.refunded',
  producer: 'orders',
  summary: 'Money of the order went back, in part or in full.',
  data: z.object({
    order_id: idField('order'),
    refunded_cents: centsField,
    total_cents: centsField,
    payment_status: paymentStatus,
  }),
  example: { order_id: exampleOrderId, refunded_cents: 2948, total_cents: 2948, payment_status: 'refunded' },
});

/**
 * `POST /internal/orders`: a cart becomes an order, with the buyer's access token and `Idempotency-Key` (the buyer's own).
 * Answers 201 with the order as `GET /api/v1/orders/{id}` shows it; a repetition with the same key and body gets the same order.
 */
export const placeOrderRequest = z.strictObject({
  cart_id: idField('cart'),
  items: z
    .array(z.strictObject({ product_id: z.string().max(64), quantity: z.int().min(1).max(1_000_000) }))
    .min(1)
    .max(RESERVATION_LINES_MAX),
  payment_method: paymentMethod,
  payment_token: z.string().min(1).max(255).optional(),
  shipping_address: addressField.optional(),
});
export type PlaceOrderRequest = z.infer<typeof placeOrderRequest>;

/** `GET /internal/orders/{order_id}/state`: what became of an order; 404 when there never was one. */
export const orderState = z.object({ order_id: idField('order'), status: orderStatus });
export type OrderState = z.infer<typeof orderState>;
