import type { TenantId } from '@zoco/kernel';
import { NOW, type ReadTx, type Tx } from '@zoco/postgres';
import { loadPayment, lockPayment, type Payment, savePayment } from '../db/payments.ts';
import { findRefund, type Refund, saveRefund } from '../db/refunds.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { lateRefundKey, refundKey } from '../rules/stripe-keys.ts';
import type { RefundFacts } from '../refund-calls.ts';
import type { Outcome } from '../stripe-outcome.ts';
import { abandonRefund, applyRefund, retryRefund, refundLookLater } from './apply-refund.ts';

/**
 * Does what there is to do about a refund: asks the provider for it, or how it is. Safe to run twice at once: the key is derived from the
 * refund.
 */
export async function advanceRefund(deps: PaymentDeps, tenantId: TenantId, refundId: string): Promise<void> {
  const { refund, payment } = await deps.db.read(tenantId, (tx) => load(tx, refundId));
  const { intentId } = refund;
  if (refund.status !== 'pending' || intentId === null) return;
  const outcome =
    refund.providerId === null
      ? await ask(deps, payment, refund, intentId)
      : await deps.stripe.retrieveRefund(refund.providerId);
  deps.failpoint('after-refund-call');
  const answer = outcome.kind === 'finished' ? await search(deps, refund, intentId) : outcome;
  await deps.db.transact(tenantId, async (tx) => {
    await lockPayment(tx, payment.id);
    const now = await load(tx, refundId);
    if (now.refund.status === 'pending') await save(tx, deps, now.payment, now.refund, answer);
    deps.failpoint('before-refund-save-commit');
  });
  deps.failpoint('after-refund-save');
}

async function load(tx: ReadTx, refundId: string): Promise<{ refund: Refund; payment: Payment }> {
  const refund = await findRefund(tx, refundId);
  const payment = refund === undefined ? undefined : await loadPayment(tx, refund.paymentId);
  if (refund === undefined || payment === undefined) throw new Error('a refund is gone');
  return { refund, payment };
}

function ask(
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  intentId: string,
): Promise<Outcome<RefundFacts>> {
  const { environment } = deps.stripe;
  const key = refund.isLate
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

/** The answer to our call is lost for good: the provider's list shows what it did. */
async function search(deps: PaymentDeps, refund: Refund, intentId: string): Promise<Outcome<RefundFacts>> {
  const listed = await deps.stripe.listRefunds(intentId);
  if (listed.kind !== 'done') return listed;
  const found = listed.value.find(({ refundId, status }) => refundId === refund.id && status !== 'failed');
  if (found !== undefined) return { kind: 'done', value: found };
  return { kind: 'refused', code: 'refund_not_made', detail: '', intent: null };
}

async function save(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  refund: Refund,
  outcome: Outcome<RefundFacts>,
): Promise<void> {
  switch (outcome.kind) {
    case 'done':
      await applyRefund(tx, deps, payment, refund, outcome.value);
      return;
    case 'refused':
      if (outcome.code !== 'charge_already_refunded') {
        await retryRefund(tx, deps, refund, outcome.code);
        return;
      }
      await abandonRefund(tx, payment, refund, outcome.code);
      // Somebody refunded it elsewhere: the books follow.
      await savePayment(tx, payment.id, { dueAt: NOW });
      return;
    default:
      deps.log.warn(
        { err: outcome.kind === 'unknown' ? outcome.error : outcome, refund_id: refund.id },
        'Stripe has not told how a refund ended; it is asked again',
      );
      await saveRefund(tx, refund.id, { dueAt: refundLookLater(deps, refund) });
  }
}
