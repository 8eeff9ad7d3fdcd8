import type { UserCtx } from '@zoco/service';
import { loadPayment, lockPayment } from '../db/payments.ts';
import { findRefund, findRefundFor } from '../db/refunds.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { paymentNotFound } from '../payment-not-found.ts';
import { refundViewOf } from '../payment-view.ts';
import { refundAmount } from '../rules/refund.ts';
import { within } from '../within.ts';
import type { Work } from '../work.ts';
import { answerOnce, type KeyedRequest, type OnceAnswer } from './answer-once.ts';
import { requestRefund } from './request-refund.ts';

export interface RefundPaymentInput {
  readonly paymentId: string;
  readonly amountCents: number | undefined;
  readonly reason: string;
  readonly waitMs: number;
}

/**
 * Gives money back at the wish of staff: a part, or all that is left.
 * @throws Problem `payment_not_found` and the reasons of `refundAmount`
 */
export function refundPayment(
  ctx: UserCtx,
  deps: PaymentDeps,
  work: Work,
  input: RefundPaymentInput,
  request: KeyedRequest & { readonly key: string },
): Promise<OnceAnswer> {
  // Holds longer than the idempotency key: the same wish is the same refund for ever.
  const reasonKey = `wish:${ctx.principal.id}:${request.key}`;
  return answerOnce(ctx, request, {
    async start(tx) {
      const payment = await lockPayment(tx, input.paymentId);
      if (payment === undefined || payment.isTombstone) throw paymentNotFound();
      const known = await findRefundFor(tx, payment.id, reasonKey);
      if (known !== undefined) return known.id;
      const amountCents = refundAmount(payment, input.amountCents);
      const wish = { reasonKey, amountCents, reason: input.reason, requestedBy: ctx.principal.id };
      const refund = await requestRefund(tx, deps, payment, wish);
      if (refund === undefined) throw new Error('a refund appeared under a lock');
      return refund.id;
    },
    async finish(refundId) {
      await within(work.refund(ctx.tenantId, refundId), input.waitMs);
      const view = await ctx.read(async (tx) => {
        const refund = await findRefund(tx, refundId);
        const payment = refund && (await loadPayment(tx, refund.paymentId));
        if (refund === undefined || payment === undefined) throw paymentNotFound();
        return refundViewOf(refund, payment.currency);
      });
      return { status: 201, body: view };
    },
  });
}
