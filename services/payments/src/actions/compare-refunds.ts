import { newId } from '@zoco/kernel';
import { NOW, type Tx } from '@zoco/postgres';
import { loadPayment, type Payment, savePayment } from '../db/payments.ts';
import { findRefundOf, insertRefund, type Refund } from '../db/refunds.ts';
import { attention } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { refundableCents } from '../rules/refund.ts';
import type { RefundFacts } from '../refund-calls.ts';
import { applyRefund } from './apply-refund.ts';

/**
 * Brings our refunds of a payment in line with the provider's, and takes over those that were made there, in its dashboard.
 * @param payment captured and locked by this transaction
 */
export async function compareRefunds(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  listed: readonly RefundFacts[],
): Promise<Payment> {
  let current = payment;
  // Oldest first: the list begins with the newest.
  for (const facts of listed.toReversed()) {
    const known = await findRefundOf(tx, current.id, facts.providerId, facts.refundId);
    const refund = known ?? (await takeOver(tx, deps, current, facts));
    if (refund === undefined) continue;
    if (known === undefined) current = (await loadPayment(tx, current.id)) ?? current;
    await applyRefund(tx, deps, current, refund, facts);
    current = (await loadPayment(tx, current.id)) ?? current;
  }
  const dueAt = current.lookAgain ? NOW : null;
  return savePayment(tx, payment.id, { dueAt, lookAgain: false, tries: 0 });
}

/** A refund that we did not ask for. One that failed, or that names a refund of ours, is none to take over. */
async function takeOver(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  facts: RefundFacts,
): Promise<Refund | undefined> {
  if (facts.status === 'failed' || facts.refundId !== undefined) return undefined;
  if (facts.amountCents === null || facts.amountCents > refundableCents(payment)) {
    attention.inc({ reason: 'amount_mismatch' });
    deps.log.error(
      { payment_id: payment.id, refund: facts.providerId },
      'a refund at Stripe is more than is left',
    );
    return undefined;
  }
  const [refund] = await Promise.all([
    insertRefund(tx, {
      tenantId: tx.tenantId,
      id: newId('refund'),
      paymentId: payment.id,
      reasonKey: `provider:${facts.providerId}`,
      amountCents: facts.amountCents,
      reason: 'refunded_at_provider',
      requestedBy: 'provider',
      intentId: payment.intentId,
      providerId: facts.providerId,
    }),
    savePayment(tx, payment.id, {
      refundRequestedCents: payment.refundRequestedCents + facts.amountCents,
      version: payment.version + 1,
    }),
  ]);
  return refund;
}
