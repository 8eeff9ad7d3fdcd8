import { type Id, Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { lockPaymentOfOrder, type Payment, savePayment } from '../db/payments.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { tellCanceled } from '../payment-event.ts';
import { isCaptured, isOpen } from '../rules/payment.ts';
import { refundableCents } from '../rules/refund.ts';
import type { Ended } from './end-order.ts';
import { endPayment } from './end-payment.ts';
import { requestRefund } from './request-refund.ts';

const NOTHING: Ended = { payment: undefined, refund: undefined };

/**
 * A confirmed order is being canceled and waits for its money: what is left of it goes back, or, when none came, the payment ends. Either
 * way the order hears of it.
 * @throws Problem `payment_not_known_yet` when its order.created has not been handled yet: it is tried again
 */
export async function refundOrder(tx: Tx, deps: PaymentDeps, orderId: Id<'order'>): Promise<Ended> {
  const payment = await lockPaymentOfOrder(tx, orderId);
  if (payment === undefined) {
    throw new Problem('unavailable', 'payment_not_known_yet', 'The order is not known here yet.');
  }
  if (isOpen(payment.status)) {
    const ending = await endPayment(tx, deps, payment, 'order_canceled');
    return isOpen(ending.status) ? { payment: ending, refund: undefined } : NOTHING;
  }
  const restCents = isCaptured(payment.status) ? refundableCents(payment) : 0;
  if (restCents > 0) {
    const refund = await requestRefund(tx, deps, payment, {
      reasonKey: 'order_canceled',
      amountCents: restCents,
      reason: 'order_canceled',
      requestedBy: 'system',
    });
    return { payment: undefined, refund };
  }
  // Refunds under way are told when they are done; where there is none, nothing else would end the wait.
  if (payment.refundRequestedCents === 0) await tellAgain(tx, payment);
  return NOTHING;
}

/** A payment that ended before, or that was of nothing. */
async function tellAgain(tx: Tx, payment: Payment): Promise<void> {
  const version = payment.version + 1;
  await Promise.all([
    savePayment(tx, payment.id, { version }),
    tellCanceled(tx, payment, version, 'order_canceled'),
  ]);
}
