import { Problem } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { loadPayment, lockPayment } from '../db/payments.ts';
import { listRefunds } from '../db/refunds.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { paymentNotFound } from '../payment-not-found.ts';
import { viewOf } from '../payment-view.ts';
import { isCaptured } from '../rules/payment.ts';
import type { Work } from '../work.ts';
import { answerOnce, type KeyedRequest, type OnceAnswer } from './answer-once.ts';
import { endPayment, untilEnded } from './end-payment.ts';

export interface CancelPaymentInput {
  readonly paymentId: string;
  /** The buyer; undefined for staff. */
  readonly userId: string | undefined;
  readonly waitMs: number;
}

/**
 * Ends a card payment that is still open; repeating it changes nothing. What is owed by transfer or on account ends with its order, which
 * may be confirmed and invoiced long before the money comes.
 * @throws Problem `payment_not_found`, `payment_ends_with_order`, `payment_already_captured`, `payment_outcome_unknown`
 */
export function cancelPayment(
  ctx: UserCtx,
  deps: PaymentDeps,
  work: Work,
  input: CancelPaymentInput,
  request: KeyedRequest,
): Promise<OnceAnswer> {
  return answerOnce(ctx, request, {
    async start(tx) {
      const payment = await lockPayment(tx, input.paymentId);
      if (payment === undefined || payment.isTombstone) throw paymentNotFound();
      if (input.userId !== undefined && payment.userId !== input.userId) throw paymentNotFound();
      if (isCaptured(payment.status)) throw captured();
      if (payment.method !== 'card') {
        throw new Problem(
          'conflict',
          'payment_ends_with_order',
          'A payment by transfer or on account ends with its order. Cancel the order instead.',
        );
      }
      await endPayment(tx, deps, payment, 'requested');
      return payment.id;
    },
    async finish(paymentId) {
      const payment = await ctx.read((tx) => loadPayment(tx, paymentId));
      if (payment === undefined) throw paymentNotFound();
      const ended = await untilEnded(deps, work, payment, input.waitMs);
      if (isCaptured(ended.status)) throw captured();
      const refunds = await ctx.read((tx) => listRefunds(tx, [paymentId]));
      return { status: 200, body: viewOf(ended, refunds) };
    },
  });
}

function captured(): Problem {
  return new Problem(
    'conflict',
    'payment_already_captured',
    'The money of this payment was received. Cancel the order, or refund the payment.',
  );
}
