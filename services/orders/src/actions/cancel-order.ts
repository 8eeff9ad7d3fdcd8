import { orderCancelRequested } from '@zoco/contracts';
import { record } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import type { UserCtx } from '@zoco/service';
import { sql } from 'drizzle-orm';
import { changeOrder, findOrder, type Order } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { ordersBecame } from '../metrics.ts';
import { orderNotFound } from '../order-not-found.ts';
import type { OrderDeps } from '../order-deps.ts';
import { cancelStep } from '../rules/cancellation.ts';
import { finishCanceling } from './finish-canceling.ts';
import { voidPayment } from './void-payment.ts';

export interface CancelOrderInput {
  readonly orderId: string;
  readonly by: 'buyer' | 'staff';
  readonly reason: string | undefined;
}

/** Each lost race shows a newer state; more than a few in a row means that something else is wrong. */
const TRIES_MAX = 4;

/**
 * Cancels an order. One that waits for payment ends at once, a card payment before it; a confirmed one gets its money back first and
 * ends when that has happened. Repeating it changes nothing.
 * @throws Problem `order_not_found`, `order_status_conflict`, `order_pending`, `order_payment_captured`, `order_cancel_window_over`
 * @throws CallOutcomeUnknown when payments does not answer; nothing has changed then
 */
export async function cancelOrder(ctx: UserCtx, deps: OrderDeps, input: CancelOrderInput): Promise<Order> {
  const userId = input.by === 'buyer' ? ctx.principal.id : undefined;
  const change = { changedBy: ctx.principal.id, reason: input.reason ?? `${input.by}_request` };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const order = await ctx.read((tx) => findOrder(tx, input.orderId, userId));
    if (order === undefined) throw orderNotFound();
    const step = cancelStep(order);
    if (step === 'nothing') return order;
    if (step === 'void' && (await voidPayment(deps, ctx.tenantId, order.id)) === 'captured')
      throw paymentCaptured();
    const canceled = await ctx.transact((tx) =>
      step === 'refund'
        ? requestRefund(tx, order, input.by, change)
        : finishCanceling(tx, { orderId: order.id, from: 'created', ...change }),
    );
    deps.failpoint('after-cancel-request');
    if (canceled !== undefined) {
      ordersBecame.inc({ status: canceled.status });
      return canceled;
    }
    if (step === 'refund') await refuseAfterWindow(ctx, order);
  }
  throw new Problem('conflict', 'order_busy', 'The order is changing right now. Try again in a moment.', {
    retryAfterSeconds: 1,
  });
}

async function requestRefund(
  tx: Tx,
  order: Order,
  by: CancelOrderInput['by'],
  change: { changedBy: string; reason: string },
): Promise<Order | undefined> {
  const canceling = await changeOrder(
    tx,
    order.id,
    ['confirmed'],
    { ...change, status: 'cancel_pending', changeReason: change.reason },
    by === 'buyer' ? sql`${orders.cancelUntil} > now()` : undefined,
  );
  if (canceling === undefined) return undefined;
  await record(tx, orderCancelRequested, {
    aggregateId: canceling.id,
    version: canceling.version,
    data: { order_id: canceling.id, reason: change.reason, requested_at: new Date().toISOString() },
  });
  // When all the money went back before, no refund is to come that would end it.
  if (canceling.paymentStatus !== 'refunded') return canceling;
  return finishCanceling(tx, { orderId: order.id, from: 'cancel_pending', ...change });
}

function paymentCaptured(): Problem {
  return new Problem(
    'conflict',
    'order_payment_captured',
    'The payment has just gone through and the order is being confirmed. Cancel it again in a moment.',
    { retryAfterSeconds: 1 },
  );
}

/** @throws Problem `order_cancel_window_over` when that is why nothing changed */
async function refuseAfterWindow(ctx: UserCtx, order: Order): Promise<void> {
  const now = await ctx.read((tx) => findOrder(tx, order.id));
  if (now?.status !== 'confirmed' || now.version !== order.version) return;
  throw new Problem(
    'conflict',
    'order_cancel_window_over',
    'The time to cancel this order is over. Ask the shop.',
    { extensions: { cancel_until: now.cancelUntil?.toISOString() ?? null } },
  );
}
