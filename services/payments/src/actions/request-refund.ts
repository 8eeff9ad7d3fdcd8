import { newId } from '@zoco/kernel';
import { secondsFromNow, type Tx } from '@zoco/postgres';
import { type Payment, savePayment } from '../db/payments.ts';
import { insertRefund, type Refund } from '../db/refunds.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { finishRefund } from './finish-refund.ts';

export interface RefundRequest {
  /** What it is for: asked again for the same reason, it is the same refund. */
  readonly reasonKey: string;
  readonly amountCents: number;
  readonly reason: string;
  readonly requestedBy: string;
}

/**
 * Writes a refund down, before the provider is asked. A card refund comes out taken for work already: whoever commits this goes on with it at
 * once. Where no provider holds the money, it is done with this.
 * @param payment captured, with enough left, and locked by this transaction
 * @returns undefined when there is one for this reason already
 */
export async function requestRefund(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  request: RefundRequest,
): Promise<Refund | undefined> {
  const isCard = payment.method === 'card';
  const refund = await insertRefund(tx, {
    tenantId: tx.tenantId,
    id: newId('refund'),
    paymentId: payment.id,
    reasonKey: request.reasonKey,
    amountCents: request.amountCents,
    reason: request.reason,
    requestedBy: request.requestedBy,
    intentId: isCard ? payment.intentId : null,
    dueAt: isCard ? secondsFromNow(deps.settings.PAYMENTS_LEASE_SECONDS) : null,
    tries: isCard ? 1 : 0,
  });
  deps.failpoint('after-refund-row');
  if (refund === undefined) return undefined;
  const reserved = await savePayment(tx, payment.id, {
    refundRequestedCents: payment.refundRequestedCents + request.amountCents,
    version: payment.version + 1,
  });
  return isCard ? refund : finishRefund(tx, reserved, refund, null);
}
