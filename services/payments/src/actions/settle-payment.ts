import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import type { UserCtx } from '@zoco/service';
import { postJournal } from '../db/ledger.ts';
import { loadPayment, lockPayment, type Payment, savePayment } from '../db/payments.ts';
import { listRefunds } from '../db/refunds.ts';
import { countCaptured } from '../metrics.ts';
import { tellSucceeded } from '../payment-event.ts';
import { paymentNotFound } from '../payment-not-found.ts';
import { viewOf } from '../payment-view.ts';
import { captureEntries } from '../rules/ledger.ts';
import { isCaptured } from '../rules/payment.ts';
import { answerOnce, type KeyedRequest, type OnceAnswer } from './answer-once.ts';

export interface SettleInput {
  readonly paymentId: string;
  readonly reference: string | undefined;
}

/**
 * Books the money of a transfer, or of an order on account, as received. Repeating it changes nothing.
 * @throws Problem `payment_not_found`, `payment_method_unsettleable`, `payment_canceled`
 */
export function settlePayment(ctx: UserCtx, input: SettleInput, request: KeyedRequest): Promise<OnceAnswer> {
  return answerOnce(ctx, request, {
    async start(tx) {
      const payment = await lockPayment(tx, input.paymentId);
      if (payment === undefined || payment.isTombstone) throw paymentNotFound();
      await settle(tx, payment, input.reference);
      return payment.id;
    },
    async finish(paymentId) {
      const body = await ctx.read(async (tx) => {
        const [payment, refunds] = await Promise.all([
          loadPayment(tx, paymentId),
          listRefunds(tx, [paymentId]),
        ]);
        if (payment === undefined) throw paymentNotFound();
        return viewOf(payment, refunds);
      });
      return { status: 200, body };
    },
  });
}

async function settle(tx: Tx, payment: Payment, reference: string | undefined): Promise<void> {
  if (payment.method === 'card') {
    throw new Problem('conflict', 'payment_method_unsettleable', 'Card payments settle by themselves.');
  }
  if (isCaptured(payment.status)) return;
  if (payment.status === 'canceled') {
    throw new Problem('conflict', 'payment_canceled', 'This payment was ended; no money can come for it.');
  }
  const at = new Date();
  const version = payment.version + 1;
  await Promise.all([
    savePayment(tx, payment.id, {
      status: 'succeeded',
      capturedCents: payment.amountCents,
      succeededAt: at,
      reference: reference ?? null,
      version,
    }),
    postJournal(tx, {
      kind: 'settlement',
      ref: payment.id,
      payment,
      entries: captureEntries('bank', payment.amountCents, payment.taxCents),
    }),
    tellSucceeded(tx, payment, version, at),
  ]);
  tx.onCommit(() => countCaptured(payment.amountCents, payment.currency));
}
