import type { TenantId } from '@zoco/kernel';
import { loadPayment, type Payment } from '../db/payments.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { nextStep, type RunSoFar, type Step } from '../rules/next-step.ts';
import { takeStep } from './take-step.ts';

/** More steps than a payment can need at once: what still has something to do then waits for its next turn. */
const STEPS_MAX = 8;

/**
 * Does what there is to do about a card payment, one call after the other, until it waits for somebody or an outcome is unknown. Safe to
 * run twice at once: every call has a derived key, every result goes through the same comparison.
 * @param known the payment as this caller just wrote it, when it did
 */
export async function advancePayment(
  deps: PaymentDeps,
  tenantId: TenantId,
  paymentId: string,
  known?: Payment,
): Promise<void> {
  let payment = known ?? (await deps.db.read(tenantId, (tx) => loadPayment(tx, paymentId)));
  let run: RunSoFar = { looked: false, createFinished: false, createSent: false };
  for (let steps = 0; payment !== undefined && steps < STEPS_MAX; steps += 1) {
    const step: Step = nextStep(payment, run, new Date());
    if (step === 'wait') return;
    const taken = await takeStep(deps, payment, step);
    if (taken.stop) return;
    payment = taken.payment;
    run = { ...run, ...taken.learned };
  }
}
