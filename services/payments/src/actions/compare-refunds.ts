import { newId } from '@zoco/kernel';
import { NOW, type Tx } from '@zoco/postgres';
import { journalEntries } from '../db/ledger.ts';
import { loadPayment, type Payment, savePayment } from '../db/payments.ts';
import { findRefundOf, insertRefund, type Refund, saveRefund } from '../db/refunds.ts';
import { attention } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { refundableCents, saysNews, unrefundedCents } from '../rules/refund.ts';
import type { RefundFacts } from '../refund-calls.ts';
import { abandonRefund, applyRefund, retryRefund, shrinkRefund } from './apply-refund.ts';

/**
 * Brings our refunds of a payment in line with the provider's, and takes over those that were made there, in its dashboard.
 * @param payment captured, locked by this transaction, and not saved since before the list was asked for
 */
export async function compareRefunds(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  listed: readonly RefundFacts[],
): Promise<Payment> {
  const current = await follow(tx, deps, payment, listed, { isLate: false, intentId: payment.intentId });
  const dueAt = current.lookAgain ? NOW : null;
  return savePayment(tx, payment.id, { dueAt, lookAgain: false, tries: 0 });
}

/** A try that made no refund, for certain: why, and what the provider's list has instead. */
export interface NotMade {
  readonly code: string;
  readonly listed: readonly RefundFacts[];
}

/**
 * A refund of ours was not made. Where that is because money went back in the provider's dashboard in the meantime, ours asks for what is
 * left, which makes room in the books for the other. Whatever else it was, the same is tried again.
 * @param payment locked by this transaction, and not saved since before the list was asked for
 */
export async function giveWay(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  notMade: NotMade,
): Promise<Refund> {
  const { code, listed } = notMade;
  const restCents = unrefundedCents(payment.amountCents, listed);
  if (refund.amountCents <= restCents) return retryRefund(tx, deps, refund, code);
  if (refund.refundedAt !== null) return replace(tx, deps, payment, refund, notMade);
  deps.log.warn({ refund_id: refund.id, rest_cents: restCents }, 'a refund gives way to others at Stripe');
  const saved =
    restCents > 0
      ? await shrinkRefund(tx, payment, refund, restCents, code)
      : await abandonRefund(tx, payment, refund, code);
  await follow(tx, deps, (await loadPayment(tx, payment.id)) ?? payment, listed, refund);
  return saved;
}

/** Ours was told and came back, so its amount stands: one that gives back the same does in its place. */
async function replace(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  { code, listed }: NotMade,
): Promise<Refund> {
  for (const facts of listed) {
    if (facts.amountCents !== refund.amountCents || facts.status === 'failed') continue;
    const known = await findRefundOf(tx, payment.id, facts.providerId, facts.refundId);
    if (known !== undefined || (await cameBack(tx, facts))) continue;
    return applyRefund(tx, deps, payment, refund, facts);
  }
  if (code !== 'charge_already_refunded') return retryRefund(tx, deps, refund, code);
  return abandonRefund(tx, payment, refund, code);
}

type Capture = Pick<Refund, 'isLate' | 'intentId'>;

/** Applies each of the listed refunds to ours. */
async function follow(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  listed: readonly RefundFacts[],
  of: Capture,
): Promise<Payment> {
  let current = payment;
  // Oldest first: the list begins with the newest.
  for (const facts of listed.toReversed()) {
    const known = await findRefundOf(tx, current.id, facts.providerId, facts.refundId);
    if (known !== undefined && known.id === facts.refundId) {
      await lookAtOurs(tx, known, facts);
      continue;
    }
    const refund = known ?? (await takeOver(tx, deps, current, facts, of));
    if (refund === undefined) continue;
    if (known === undefined) current = (await loadPayment(tx, current.id)) ?? current;
    await applyRefund(tx, deps, current, refund, facts);
    current = (await loadPayment(tx, current.id)) ?? current;
  }
  return current;
}

/**
 * What a list says of one that we asked for may be older than its last try, or than an event that waits for its look. That look is told by
 * its own answer, which counts only for the try that it belongs to.
 */
async function lookAtOurs(tx: Tx, refund: Refund, facts: RefundFacts): Promise<void> {
  if (saysNews(refund, facts)) await saveRefund(tx, refund.id, { dueAt: NOW });
}

/** Whether the bank sent it back and that is booked: a list that shows it otherwise is older. */
async function cameBack(tx: Tx, { providerId }: RefundFacts): Promise<boolean> {
  const entries = await journalEntries(tx, 'refund_return', providerId);
  return entries.length > 0;
}

/** A refund that we did not ask for, or that our books have lost, whatever it says of itself. */
async function takeOver(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  facts: RefundFacts,
  { isLate, intentId }: Capture,
): Promise<Refund | undefined> {
  if (facts.status === 'failed' || (await cameBack(tx, facts))) return undefined;
  const restCents = isLate ? payment.amountCents : refundableCents(payment);
  if (facts.amountCents === null || facts.amountCents > restCents) {
    attention.inc({ reason: 'amount_mismatch' });
    deps.log.error(
      { payment_id: payment.id, refund: facts.providerId },
      'a refund at Stripe is more than is left',
    );
    return undefined;
  }
  const refund = await insertRefund(tx, {
    tenantId: tx.tenantId,
    id: newId('refund'),
    paymentId: payment.id,
    reasonKey: `provider:${facts.providerId}`,
    amountCents: facts.amountCents,
    reason: 'refunded_at_provider',
    requestedBy: 'provider',
    isLate,
    intentId,
    providerId: facts.providerId,
  });
  // It was taken over before and has come back since: it is owed, and tried again by itself.
  if (refund === undefined || isLate) return refund;
  await savePayment(tx, payment.id, {
    refundRequestedCents: payment.refundRequestedCents + facts.amountCents,
    version: payment.version + 1,
  });
  return refund;
}
