import { setTimeout as delay } from 'node:timers/promises';
import type { PaymentMethod } from '@zoco/contracts';
import { isId, Problem } from '@zoco/kernel';
import { NOW, secondsFromNow, type Tx } from '@zoco/postgres';
import type { UserCtx } from '@zoco/service';
import {
  isOrderWindowOver,
  loadPayment,
  lockPaymentOfOrder,
  type Payment,
  savePayment,
} from '../db/payments.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { paymentNotFound } from '../payment-not-found.ts';
import { type PaymentView, viewOf } from '../payment-view.ts';
import { orderAgeMs } from '../rules/order-age.ts';
import { checkPayable, type PayableRequest } from '../rules/paying.ts';
import { isOpen } from '../rules/payment.ts';
import { within } from '../within.ts';
import type { Work } from '../work.ts';
import { answerOnce, type KeyedRequest, type OnceAnswer } from './answer-once.ts';

export interface PayOrderInput {
  readonly orderId: string;
  readonly method: PaymentMethod;
  readonly token: string | undefined;
  /** The buyer; undefined for staff, who may pay for anybody. */
  readonly userId: string | undefined;
  readonly waitMs: number;
}

/**
 * Lets the buyer pay an open order: one more attempt with a token, or what the browser needs to confirm by itself.
 * @throws Problem `payment_declined` (402) and the reasons for which the payment cannot be paid now
 */
export async function payOrder(
  ctx: UserCtx,
  deps: PaymentDeps,
  work: Work,
  input: PayOrderInput,
  request: KeyedRequest,
): Promise<OnceAnswer> {
  await untilKnown(ctx, input.orderId);
  return answerOnce(ctx, request, {
    start: (tx) => startAttempt(tx, deps, input),
    async finish(resource) {
      const [paymentId = '', attempt = '0'] = resource.split(':');
      await within(work.payment(ctx.tenantId, paymentId), input.waitMs);
      const payment = await ctx.read((tx) => loadPayment(tx, paymentId));
      if (payment === undefined) throw paymentNotFound();
      const outcome = outcomeOf(payment, Number(attempt));
      return {
        status: outcome,
        body: { ...viewOf(payment, []), client_secret: await clientSecret(deps, payment) },
      };
    },
  });
}

async function startAttempt(tx: Tx, deps: PaymentDeps, input: PayOrderInput): Promise<string> {
  const payment = await lockPaymentOfOrder(tx, input.orderId);
  if (payment === undefined || payment.isTombstone) throw paymentNotFound();
  if (input.userId !== undefined && payment.userId !== input.userId) throw paymentNotFound();
  const request: PayableRequest = { method: input.method, hasToken: input.token !== undefined };
  checkPayable({ ...payment, isWindowOver: await isOrderWindowOver(tx, payment.id) }, request);
  if (payment.method !== 'card' || input.token === undefined) return `${payment.id}:0`;
  const attempt = payment.attempt + 1;
  const isUnasked = payment.intentId === null && payment.intentCalledAt === null;
  await savePayment(tx, payment.id, {
    attempt,
    paymentToken: input.token,
    tries: 1,
    dueAt: secondsFromNow(deps.settings.PAYMENTS_LEASE_SECONDS),
    version: payment.version + 1,
    // Where no create is under way, one call does both.
    confirmOnCreate: isUnasked,
    ...(isUnasked ? { intentCalledAt: NOW } : {}),
  });
  deps.failpoint('after-attempt-row');
  return `${payment.id}:${attempt}`;
}

/** @throws Problem `payment_declined`, or `payment_canceled` when it was ended meanwhile */
function outcomeOf(payment: Payment, attempt: number): 201 | 202 {
  if (payment.status === 'canceled') {
    throw new Problem('conflict', 'payment_canceled', 'This payment was ended; no money can come for it.');
  }
  if (!isOpen(payment.status) || attempt === 0) return 201;
  if (payment.settledAttempt < attempt || payment.status === 'processing') return 202;
  if (payment.status !== 'requires_payment_method') return 201;
  throw new Problem('declined', 'payment_declined', payment.errorDetail ?? 'The payment was declined.', {
    extensions: { payment_id: payment.id, decline_code: payment.errorCode },
  });
}

/** What the browser needs to finish an open card payment. Kept by the provider alone. */
async function clientSecret(deps: PaymentDeps, payment: Payment): Promise<string | null> {
  if (payment.method !== 'card' || payment.intentId === null || !isOpen(payment.status)) return null;
  const outcome = await deps.stripe.retrieveIntent(payment.intentId);
  if (outcome.kind === 'done') return outcome.value.clientSecret;
  throw new Problem(
    'unavailable',
    'stripe_unavailable',
    'The payment provider does not answer at the moment.',
    {
      retryAfterSeconds: 1,
    },
  );
}

/** Orders this young may not have been heard of yet. */
const YOUNG_MS = 30_000;
const WAITS_MS = [20, 50, 100, 200, 400, 800];

/** An order that was just placed reaches this service a moment later: its buyer should not be told that it does not exist. */
async function untilKnown(ctx: UserCtx, orderId: string): Promise<void> {
  if (!isId('order', orderId) || orderAgeMs(orderId, ctx.now()) > YOUNG_MS) return;
  for (const waitMs of WAITS_MS) {
    const known = await ctx.read(
      (tx) => tx.sql`select 1 from payments where tenant_id = ${tx.tenantId} and order_id = ${orderId}`,
    );
    if (known.count > 0) return;
    await delay(waitMs);
  }
}

export type PaidView = PaymentView & { client_secret: string | null };
