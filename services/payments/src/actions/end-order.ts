import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { lockPaymentOfOrder, type Payment, savePayment } from '../db/payments.ts';
import type { Refund } from '../db/refunds.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { isCaptured, isOpen } from '../rules/payment.ts';
import { refundableCents } from '../rules/refund.ts';
import { endPayment } from './end-payment.ts';
import { requestRefund } from './request-refund.ts';
import { bury } from './void-payment.ts';

/** What is left to do after the commit. */
export interface Ended {
  readonly payment: Payment | undefined;
  readonly refund: Refund | undefined;
}

/**
 * An order is over: nothing may stay open for it, and money that came is not kept. Orders void the payment first, so mostly there is
 * nothing left to do.
 */
export async function endOrder(
  tx: Tx,
  deps: PaymentDeps,
  orderId: Id<'order'>,
  reason: 'order_canceled' | 'order_expired',
): Promise<Ended> {
  const found = (await lockPaymentOfOrder(tx, orderId)) ?? (await bury(tx, orderId));
  if (found.orderEnded) return { payment: undefined, refund: undefined };
  const payment = await savePayment(tx, found.id, { orderEnded: true, version: found.version + 1 });
  if (isOpen(payment.status)) {
    const ending = await endPayment(tx, deps, payment, reason);
    return { payment: isOpen(ending.status) ? ending : undefined, refund: undefined };
  }
  const restCents = refundableCents(payment);
  if (!isCaptured(payment.status) || restCents === 0) return { payment: undefined, refund: undefined };
  const refund = await requestRefund(tx, deps, payment, {
    reasonKey: 'order_ended',
    amountCents: restCents,
    reason,
    requestedBy: 'system',
  });
  return { payment: undefined, refund };
}
