import type { Reservation, TenantSettings } from '@zoco/contracts';
import type { Buyer } from './buyers.ts';
import type { Order } from './db/order.ts';
import type { PendingOrder } from './db/placing.ts';
import { expiryOf } from './rules/expiry.ts';
import { linesInOrder, totalsOf } from './rules/totals.ts';

export interface CreationFacts {
  readonly buyer: Buyer;
  readonly reservation: Reservation;
  readonly tenant: TenantSettings;
  /** Time of the database. */
  readonly now: Date;
  readonly transferDays: number;
}

/**
 * The order that a pending one becomes once stock is reserved.
 * @throws Problem when it cannot be sold at these prices (`totalsOf`)
 */
export function createdOrder(pending: PendingOrder, facts: CreationFacts): Order {
  const { buyer, reservation, tenant, now } = facts;
  const totals = totalsOf(linesInOrder(pending.request.items, reservation.lines), {
    currency: tenant.currency,
    pricesIncludeTax: tenant.prices_include_tax,
    shippingCents: tenant.shipping_cents,
    shippingTaxRateBps: tenant.tax_rate_bps,
  });
  const expiryMs = expiryOf(pending.paymentMethod, now, {
    reservationMinutes: tenant.reservation_minutes,
    transferDays: facts.transferDays,
  });
  const expiresAt = expiryMs === null ? null : new Date(expiryMs);
  return {
    ...NOTHING_HAPPENED_YET,
    ...pending,
    ...totals,
    // Payments opens one for every order; on account nobody is asked for money yet.
    paymentStatus: pending.paymentMethod === 'on_account' ? 'unpaid' : 'pending',
    tenantId: tenant.id,
    items: totals.items,
    status: 'created',
    version: 2,
    request: null,
    customer: buyer.customer,
    buyerEmail: buyer.email,
    buyerName: buyer.name,
    currency: tenant.currency,
    locale: tenant.locale,
    pricesIncludeTax: tenant.prices_include_tax,
    shippingTaxRateBps: tenant.tax_rate_bps,
    cancelWindowMinutes: tenant.cancel_window_minutes,
    paymentTermsDays:
      pending.paymentMethod === 'on_account'
        ? (buyer.customer?.payment_terms_days ?? tenant.payment_terms_days)
        : null,
    changedBy: pending.placedBy,
    changeReason: null,
    expiresAt,
    dueAt: expiresAt,
  };
}

const NOTHING_HAPPENED_YET = {
  paymentVersion: 0,
  paymentAttempts: 0,
  paymentFailure: null,
  refundedCents: 0,
  reason: null,
  carrier: null,
  tracking: null,
  confirmedAt: null,
  cancelUntil: null,
  shippedAt: null,
  deliveredAt: null,
  canceledAt: null,
} as const;
