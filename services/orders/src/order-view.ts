import { z } from '@hono/zod-openapi';
import {
  addressField,
  currencyField,
  exampleId,
  idField,
  orderItem,
  orderStatus,
  paymentMethod,
  paymentStatus,
  type TenantSettings,
  transferTarget,
} from '@zoco/contracts';
import type { Order } from './db/order.ts';
import { transferTargetOf } from './rules/transfer.ts';

const time = z.iso.datetime();
const cents = z.int().min(0);

export const orderView = z
  .object({
    id: idField('order'),
    number: z.string().openapi({ description: 'For people; unique per shop, not without gaps.' }),
    tenant_id: z.string(),
    user_id: idField('user')
      .nullable()
      .openapi({ type: ['string', 'null'], description: 'The buyer; null for B2B orders.' }),
    customer_id: idField('customer')
      .nullable()
      .openapi({ type: ['string', 'null'], description: 'The B2B customer, if any.' }),
    reference: z
      .string()
      .nullable()
      .openapi({ description: 'The customer’s own number of a B2B order, if it has one.' }),
    status: orderStatus,
    payment_status: paymentStatus,
    payment_method: paymentMethod,
    payment_attempts: z.int().openapi({ description: 'How often paying was declined.' }),
    payment_failure: z
      .object({ code: z.string(), detail: z.string() })
      .nullable()
      .openapi({ description: 'Why the last attempt was declined.' }),
    transfer_to: transferTarget.nullable().openapi({
      description:
        'Where the buyer of an order by `transfer` sends the money, until it is there: the shop’s account as it is now, and what to write into the transfer. Null for any other order, and when the shop has given no account.',
    }),
    currency: currencyField,
    prices_include_tax: z
      .boolean()
      .openapi({ description: 'Whether `tax_cents` is inside `total_cents` or was added to it.' }),
    items: z.array(orderItem).openapi({ description: 'Empty until the order is created.' }),
    subtotal_cents: cents.openapi({ description: 'Sum of the items, as priced.' }),
    tax_cents: cents.openapi({ description: 'Tax of items and shipping, rounded per line.' }),
    shipping_cents: cents,
    total_cents: cents,
    refunded_cents: cents,
    shipping_address: addressField.nullable(),
    reason: z.string().nullable().openapi({ description: 'Why it was rejected, canceled or expired.' }),
    carrier: z.string().nullable(),
    tracking: z.string().nullable(),
    created_at: time,
    expires_at: time.nullable().openapi({ description: 'Until when it waits for payment.' }),
    confirmed_at: time.nullable(),
    cancel_until: time.nullable().openapi({ description: 'Until when the buyer may cancel it.' }),
    shipped_at: time.nullable(),
    delivered_at: time.nullable(),
    canceled_at: time.nullable(),
    version: z.int().openapi({ description: 'Rises with every change.' }),
  })
  .openapi('Order', {
    example: {
      id: exampleId('order'),
      number: '2026-000042',
      tenant_id: 'libros',
      user_id: exampleId('user'),
      customer_id: null,
      reference: null,
      status: 'created',
      payment_status: 'unpaid',
      payment_method: 'card',
      payment_attempts: 0,
      payment_failure: null,
      transfer_to: null,
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
      total_cents: 2948,
      refunded_cents: 0,
      shipping_address: { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' },
      reason: null,
      carrier: null,
      tracking: null,
      created_at: '2026-11-22T10:15:00.000Z',
      expires_at: '2026-11-22T10:30:00.000Z',
      confirmed_at: null,
      cancel_until: null,
      shipped_at: null,
      delivered_at: null,
      canceled_at: null,
      version: 2,
    },
  });
export type OrderView = z.infer<typeof orderView>;

/**
 * An order as clients see it.
 * @param tenant whose order it is
 */
export function viewOf(order: Order, tenant: TenantSettings): OrderView {
  return {
    id: order.id,
    number: order.number,
    tenant_id: order.tenantId,
    user_id: order.userId,
    customer_id: order.customerId,
    reference: order.reference,
    status: order.status,
    payment_status: order.paymentStatus,
    payment_method: order.paymentMethod,
    payment_attempts: order.paymentAttempts,
    payment_failure: order.paymentFailure,
    transfer_to: transferTargetOf(order, tenant.bank_account),
    currency: order.currency,
    prices_include_tax: order.pricesIncludeTax,
    items: [...order.items],
    subtotal_cents: order.subtotalCents,
    tax_cents: order.taxCents,
    shipping_cents: order.shippingCents,
    total_cents: order.totalCents,
    refunded_cents: order.refundedCents,
    shipping_address: order.shippingAddress,
    reason: order.reason,
    carrier: order.carrier,
    tracking: order.tracking,
    created_at: order.createdAt.toISOString(),
    ...timesOf(order),
    version: order.version,
  };
}

function timesOf(order: Order) {
  const iso = (moment: Date | null) => moment?.toISOString() ?? null;
  return {
    expires_at: iso(order.expiresAt),
    confirmed_at: iso(order.confirmedAt),
    cancel_until: iso(order.cancelUntil),
    shipped_at: iso(order.shippedAt),
    delivered_at: iso(order.deliveredAt),
    canceled_at: iso(order.canceledAt),
  };
}
