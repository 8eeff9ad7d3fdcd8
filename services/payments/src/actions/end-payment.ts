import { Problem } from '@zoco/kernel';
import { secondsFromNow, type Tx } from '@zoco/postgres';
import { loadPayment, type Payment, savePayment } from '../db/payments.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { isOpen } from '../rules/payment.ts';
import type { Work } from '../work.ts';
import { within } from '../within.ts';
import { closePayment } from './close-payment.ts';

/**
 * Says that a payment is to end. What the provider never heard of ends here; otherwise the provider is asked first, by whoever takes the
 * work, and this one has taken it.
 * @param payment locked by this transaction
 */
export async function endPayment(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  reason: string,
): Promise<Payment> {
  if (!isOpen(payment.status)) return payment;
  const cancelReason = payment.cancelReason ?? reason;
  const isUnheard = payment.intentId === null && payment.intentCalledAt === null;
  if (payment.method !== 'card' || isUnheard) return closePayment(tx, payment, { cancelReason });
  return savePayment(tx, payment.id, {
    cancelReason,
    dueAt: secondsFromNow(deps.settings.PAYMENTS_LEASE_SECONDS),
    tries: payment.tries + 1,
    version: payment.version + 1,
  });
}

/**
 * Waits until the provider has ended it, or has told that money came first.
 * @throws Problem `payment_outcome_unknown` when it has told neither in time; the work goes on
 */
export async function untilEnded(
  deps: PaymentDeps,
  work: Work,
  payment: Payment,
  waitMs: number,
): Promise<Payment> {
  if (!isOpen(payment.status)) return payment;
  await within(work.payment(payment.tenantId, payment.id), waitMs);
  const after = await deps.db.read(payment.tenantId, (tx) => loadPayment(tx, payment.id));
  if (after !== undefined && !isOpen(after.status)) return after;
  throw new Problem(
    'unavailable',
    'payment_outcome_unknown',
    'The payment provider has not told yet whether money came. Try again in a moment.',
    { retryAfterSeconds: 1 },
  );
}
