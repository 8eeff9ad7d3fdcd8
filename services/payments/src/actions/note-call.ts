import { NOW, secondsFromNow, type Tx } from '@zoco/postgres';
import { type Payment, savePayment } from '../db/payments.ts';
import { paymentsBecame } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { tellFailed } from '../payment-event.ts';
import { isOpen } from '../rules/payment.ts';
import { reconcileDelaySeconds } from '../rules/reconcile.ts';

interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** Notes that a create may be sent from now on, unless the payment is to end or an event told of its intent. */
export async function markCalled(tx: Tx, payment: Payment): Promise<Payment> {
  const { cancelReason, intentCalledAt, intentId } = payment;
  if (cancelReason !== null || intentCalledAt !== null || intentId !== null) return payment;
  return savePayment(tx, payment.id, { intentCalledAt: new Date() });
}

/** The outcome of a call is unknown: somebody looks again, later and later. */
export async function postpone(tx: Tx, { settings }: PaymentDeps, payment: Payment): Promise<Payment> {
  const { PAYMENTS_RECONCILE_FIRST_SECONDS: first, PAYMENTS_RECONCILE_MAX_SECONDS: max } = settings;
  if (payment.lookAgain) return savePayment(tx, payment.id, { lookAgain: false, dueAt: NOW });
  return savePayment(tx, payment.id, {
    dueAt: secondsFromNow(reconcileDelaySeconds(payment.tries, first, max)),
  });
}

/**
 * It is certain that no intent came of the create, so the next one may have a new key. A refused token is a failed attempt; what is
 * refused without one is tried again later, as nobody but the configuration can help.
 * @param payment locked by this transaction
 * @param asked the payment as the create was sent: of one with another key, which somebody else may have sent since, nothing is known
 */
export async function forgetCreate(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  asked: Payment,
  refusal: Refusal | undefined,
): Promise<Payment> {
  if (payment.intentId !== null || !isOpen(payment.status)) return payment;
  if (payment.keyVersion !== asked.keyVersion) return payment;
  const forgotten = { keyVersion: payment.keyVersion + 1, intentCalledAt: null };
  if (refusal === undefined) return savePayment(tx, payment.id, forgotten);
  if (asked.confirmOnCreate && asked.attempt > payment.settledAttempt) {
    return refuseAttempt(tx, payment, asked.attempt, refusal, { ...forgotten, confirmOnCreate: false });
  }
  await savePayment(tx, payment.id, { ...forgotten, errorCode: refusal.code, errorDetail: refusal.detail });
  return postpone(tx, deps, payment);
}

/** The provider does not take the token of an attempt: no charge was tried. */
export async function refuseAttempt(
  tx: Tx,
  payment: Payment,
  attempt: number,
  { code, detail }: Refusal,
  changes: Partial<Payment> = {},
): Promise<Payment> {
  if (!isOpen(payment.status) || payment.settledAttempt >= attempt) return payment;
  const version = payment.version + 1;
  const failures = payment.failures + 1;
  const [saved] = await Promise.all([
    savePayment(tx, payment.id, {
      ...changes,
      status: 'requires_payment_method',
      settledAttempt: attempt,
      paymentToken: null,
      failures,
      errorCode: code,
      errorDetail: detail,
      version,
    }),
    tellFailed(tx, payment, version, { attempt: failures, code, detail }),
  ]);
  tx.onCommit(() => paymentsBecame.inc({ outcome: 'declined' }));
  return saved;
}
