import { localeField, type OrderSnapshot } from '@zoco/contracts';
import type { Order } from './db/order.ts';

/** An order as its events carry it. */
export function snapshotOf(order: Order): OrderSnapshot {
  return {
    order_id: order.id,
    number: order.number,
    user_id: order.userId,
    customer: order.customer,
    buyer_email: order.buyerEmail,
    buyer_name: order.buyerName,
    locale: localeField.parse(order.locale),
    currency: order.currency,
    prices_include_tax: order.pricesIncludeTax,
    items: [...order.items],
    subtotal_cents: order.subtotalCents,
    tax_cents: order.taxCents,
    shipping_cents: order.shippingCents,
    shipping_tax_cents: order.shippingTaxCents,
    shipping_tax_rate_bps: order.shippingTaxRateBps,
    total_cents: order.totalCents,
    payment_method: order.paymentMethod,
    shipping_address: order.shippingAddress,
    created_at: order.createdAt.toISOString(),
  };
}

/** A confirmed order as `order.confirmed` carries it. @throws Error when it is not one */
export function confirmedSnapshotOf(order: Order) {
  const { confirmedAt, cancelUntil } = order;
  if (confirmedAt === null || cancelUntil === null) throw new Error('the order is not confirmed');
  return {
    ...snapshotOf(order),
    confirmed_at: confirmedAt.toISOString(),
    cancel_until: cancelUntil.toISOString(),
    payment_status: order.paymentStatus,
    payment_terms_days: order.paymentTermsDays,
  };
}
