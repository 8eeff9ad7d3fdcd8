import type { VoidPaymentResponse } from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import type { Ctx } from '@zoco/service';
import { insertPayment, lockPaymentOfOrder, type Payment } from '../db/payments.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { isCaptured } from '../rules/payment.ts';
import type { Work } from '../work.ts';
import { endPayment, untilEnded } from './end-payment.ts';

/**
 * Makes certain that no money can come for an order any more, or tells that it came. Safe to repeat, and before the order is known
 * here: a tombstone then keeps a late `order.created` from starting anything.
 * @throws Problem `payment_outcome_unknown` when the provider does not tell
 */
export async function voidPayment(
  ctx: Ctx,
  deps: PaymentDeps,
  work: Work,
  orderId: Id<'order'>,
  waitMs: number,
): Promise<VoidPaymentResponse> {
  const payment = await ctx.transact(async (tx) => {
    const found = (await lockPaymentOfOrder(tx, orderId)) ?? (await bury(tx, orderId));
    return endPayment(tx, deps, found, 'order_voided');
  });
  const ended = await untilEnded(deps, work, payment, waitMs);
  return { outcome: isCaptured(ended.status) ? 'captured' : 'voided' };
}

/** A row that stands where the payment would be. Whoever was quicker has made the payment itself. */
export async function bury(tx: Tx, orderId: Id<'order'>): Promise<Payment> {
  const inserted = await insertPayment(tx, {
    tenantId: tx.tenantId,
    id: newId('payment'),
    orderId,
    method: 'card',
    amountCents: 0,
    taxCents: 0,
    // ISO 4217 for no currency: nobody knows yet what the order will cost.
    currency: 'XXX',
    status: 'canceled',
    isTombstone: true,
    orderEnded: true,
    cancelReason: 'order_voided',
  });
  const found = inserted ?? (await lockPaymentOfOrder(tx, orderId));
  if (found === undefined) throw new Error('a payment appeared and is gone');
  return found;
}
