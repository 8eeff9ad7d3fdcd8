import { NOW, secondsFromNow, type Tx } from '@zoco/postgres';
import { journalEntries, postJournal } from '../db/ledger.ts';
import { type Payment, savePayment } from '../db/payments.ts';
import { type Refund, saveRefund } from '../db/refunds.ts';
import { attention } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { negate } from '../rules/ledger.ts';
import { reconcileDelaySeconds } from '../rules/reconcile.ts';
import type { RefundFacts } from '../refund-calls.ts';
import { finishRefund } from './finish-refund.ts';

/**
 * Takes over what the provider says of a refund, whoever heard it: the same answer twice changes nothing. A refund that failed is owed
 * all the same and tried again, for ever.
 * @param payment locked by this transaction
 */
export async function applyRefund(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  facts: RefundFacts,
): Promise<Refund> {
  const isCurrent = refund.providerId === null || refund.providerId === facts.providerId;
  if (!isCurrent || refund.status === 'failed') return refund;
  switch (facts.status) {
    case 'succeeded':
      return refund.status === 'succeeded' ? refund : finishRefund(tx, payment, refund, facts.providerId);
    case 'pending':
      if (refund.status === 'succeeded') return refund;
      return saveRefund(tx, refund.id, {
        providerId: facts.providerId,
        dueAt: refundLookLater(deps, refund),
      });
    default:
      // One that nobody took for ours is an earlier try.
      if (refund.providerId === null) return refund;
      if (refund.status === 'succeeded') await bookReturn(tx, deps, payment, refund, facts);
      return retryRefund(tx, deps, refund, facts.failureCode ?? 'refund_failed');
  }
}

/**
 * What was tried has failed for certain: the next try is a new one, later.
 * @param refund whose payment is locked by this transaction
 */
export async function retryRefund(
  tx: Tx,
  deps: PaymentDeps,
  refund: Refund,
  failureCode: string,
): Promise<Refund> {
  attention.inc({ reason: 'refund_failed' });
  deps.log.error({ refund_id: refund.id, failure_code: failureCode }, 'a refund failed; it is tried again');
  const [saved] = await Promise.all([
    saveRefund(tx, refund.id, {
      status: 'pending',
      providerId: null,
      keyVersion: refund.keyVersion + 1,
      failureCode,
      dueAt: refundLookLater(deps, refund),
    }),
    // Changes nothing in it, but whoever has an older list of its refunds sees that the list is old.
    savePayment(tx, refund.paymentId, {}),
  ]);
  return saved;
}

/** Less is left than was asked for: the next try asks for that, and the rest is free again. */
export async function shrinkRefund(
  tx: Tx,
  payment: Payment,
  refund: Refund,
  amountCents: number,
  failureCode: string,
): Promise<Refund> {
  const [saved] = await Promise.all([
    saveRefund(tx, refund.id, { amountCents, keyVersion: refund.keyVersion + 1, failureCode, dueAt: NOW }),
    refund.isLate
      ? undefined
      : savePayment(tx, payment.id, {
          refundRequestedCents: payment.refundRequestedCents - (refund.amountCents - amountCents),
          version: payment.version + 1,
        }),
  ]);
  return saved;
}

/** Nothing is left that could go back: what was asked for is free again. */
export async function abandonRefund(
  tx: Tx,
  payment: Payment,
  refund: Refund,
  failureCode: string,
): Promise<Refund> {
  if (refund.status !== 'pending') return refund;
  const [saved] = await Promise.all([
    saveRefund(tx, refund.id, { status: 'failed', failureCode, dueAt: null, tries: 0 }),
    refund.isLate || refund.refundedAt !== null
      ? undefined
      : savePayment(tx, payment.id, {
          refundRequestedCents: payment.refundRequestedCents - refund.amountCents,
          version: payment.version + 1,
        }),
  ]);
  return saved;
}

async function bookReturn(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  facts: RefundFacts,
): Promise<void> {
  attention.inc({ reason: 'refund_returned' });
  deps.log.error({ refund_id: refund.id }, 'the bank sent a refund back');
  const kind = refund.isLate ? 'late_refund' : 'refund';
  const entries = await journalEntries(tx, kind, refund.id);
  await postJournal(tx, { kind: 'refund_return', ref: facts.providerId, payment, entries: negate(entries) });
}

/** When to look at a refund again. */
export function refundLookLater({ settings }: PaymentDeps, refund: Refund) {
  const { PAYMENTS_RECONCILE_FIRST_SECONDS: first, PAYMENTS_RECONCILE_MAX_SECONDS: max } = settings;
  return secondsFromNow(reconcileDelaySeconds(refund.tries, first, max));
}
