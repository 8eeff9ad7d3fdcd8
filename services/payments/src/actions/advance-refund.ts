import type { TenantId } from '@zoco/kernel';
import { NOW, type ReadTx, type Tx } from '@zoco/postgres';
import { loadPayment, lockPayment, type Payment } from '../db/payments.ts';
import { findRefund, type Refund, saveRefund } from '../db/refunds.ts';
import { attention } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { lateRefundKey, mayBeForgotten, refundKey } from '../rules/stripe-keys.ts';
import type { RefundFacts } from '../refund-calls.ts';
import type { Outcome } from '../stripe-outcome.ts';
import { applyRefund, refundLookLater, retryRefund } from './apply-refund.ts';
import { giveWay, type NotMade } from './compare-refunds.ts';

/** What is known of a refund once the provider was asked. */
type Answer = Outcome<RefundFacts> | ({ readonly kind: 'not_made' } & NotMade);

/**
 * Does what there is to do about a refund: asks the provider for it, or how it is. Safe to run twice at once: the key is derived from the
 * refund, and an answer counts only for the try that it belongs to.
 */
export async function advanceRefund(deps: PaymentDeps, tenantId: TenantId, refundId: string): Promise<void> {
  const asked = await deps.db.read(tenantId, (tx) => load(tx, refundId));
  const { refund, payment } = asked;
  // One that is done is looked at when an event made it due: the bank may have sent it back.
  if (refund.status === 'failed' || (refund.status === 'succeeded' && refund.dueAt === null)) return;
  const answer = await askAbout(deps, payment, refund);
  if (answer === undefined) return;
  deps.failpoint('after-refund-call');
  await deps.db.transact(tenantId, async (tx) => {
    await lockPayment(tx, payment.id);
    await take(tx, deps, asked, answer);
    deps.failpoint('before-refund-save-commit');
  });
  deps.failpoint('after-refund-save');
}

/** @param asked both as they were when the provider was asked */
async function take(tx: Tx, deps: PaymentDeps, { refund: asked, payment: before }: Loaded, answer: Answer) {
  const { refund, payment } = await load(tx, asked.id);
  const isSameTry = refund.keyVersion === asked.keyVersion && refund.providerId === asked.providerId;
  if (!isSameTry || refund.status === 'failed') return;
  if (answer.kind === 'not_made' && payment.updatedAt.getTime() !== before.updatedAt.getTime()) {
    // The payment may know more than the list, by which ours would give way to what came back since: it is asked for again.
    await saveRefund(tx, refund.id, { dueAt: NOW });
    return;
  }
  const saved = await save(tx, deps, payment, refund, answer);
  if (saved.status !== 'succeeded' || answer.kind !== 'done') return;
  // Made due in the meantime, it stays so: an event may know more than this answer.
  const dueAt = refund.dueAt?.getTime() === asked.dueAt?.getTime() ? null : refund.dueAt;
  if (saved.dueAt !== dueAt) await saveRefund(tx, refund.id, { dueAt, tries: 0 });
}

interface Loaded {
  readonly refund: Refund;
  readonly payment: Payment;
}

async function load(tx: ReadTx, refundId: string): Promise<Loaded> {
  const refund = await findRefund(tx, refundId);
  const payment = refund === undefined ? undefined : await loadPayment(tx, refund.paymentId);
  if (refund === undefined || payment === undefined) throw new Error('a refund is gone');
  return { refund, payment };
}

async function askAbout(deps: PaymentDeps, payment: Payment, refund: Refund): Promise<Answer | undefined> {
  const { intentId, providerId } = refund;
  if (intentId === null) return undefined;
  if (providerId !== null) return deps.stripe.retrieveRefund(providerId);
  if (mayBeForgotten(refund.createdAt, new Date())) {
    const found = await search(deps, refund, intentId, 'refund_not_made');
    if (found.kind !== 'not_made') return found;
  }
  const asked = await ask(deps, payment, refund, intentId);
  if (asked.kind === 'refused') return search(deps, refund, intentId, asked.code);
  if (asked.kind === 'finished') return search(deps, refund, intentId, 'refund_not_made');
  // Repeated, it is answered as it was the first time, which may be long ago.
  return asked.kind === 'done' && refund.tries > 1
    ? deps.stripe.retrieveRefund(asked.value.providerId)
    : asked;
}

function ask(
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  intentId: string,
): Promise<Outcome<RefundFacts>> {
  const { environment } = deps.stripe;
  const isOwnLate = refund.isLate && refund.requestedBy === 'system';
  const key = isOwnLate
    ? lateRefundKey(environment, intentId, refund.keyVersion)
    : refundKey(environment, refund.id, refund.keyVersion);
  const metadata = {
    tenant: payment.tenantId,
    order_id: payment.orderId,
    payment_id: payment.id,
    refund_id: refund.id,
  };
  const { amountCents } = refund;
  return deps.stripe.createRefund({ intentId, amountCents, currency: payment.currency, metadata }, key);
}

/** What became of our call is not for its answer to say: the provider's list shows what it did. */
async function search(deps: PaymentDeps, refund: Refund, intentId: string, code: string): Promise<Answer> {
  const listed = await deps.stripe.listRefunds(intentId);
  if (listed.kind !== 'done') return listed;
  const found = listed.value.find(({ refundId, status }) => refundId === refund.id && status !== 'failed');
  if (found !== undefined) return { kind: 'done', value: found };
  return { kind: 'not_made', code, listed: listed.value };
}

async function save(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  answer: Answer,
): Promise<Refund> {
  if (answer.kind === 'done') {
    const { status, failureCode } = answer.value;
    // Nobody took it for ours yet, but our own call made it: it is no earlier try.
    const isLost = refund.providerId === null && status === 'failed';
    if (isLost) return retryRefund(tx, deps, refund, failureCode ?? 'refund_failed');
    return applyRefund(tx, deps, payment, refund, answer.value);
  }
  if (answer.kind === 'not_made') return giveWay(tx, deps, payment, refund, answer);
  if (answer.kind === 'refused') attention.inc({ reason: 'provider_refused_us' });
  deps.log.warn(
    { err: answer.kind === 'unknown' ? answer.error : answer, refund_id: refund.id },
    'Stripe has not told how a refund ended; it is asked again',
  );
  return saveRefund(tx, refund.id, { dueAt: refundLookLater(deps, refund) });
}
