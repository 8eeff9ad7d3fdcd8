import { type Reservation, reservation } from '@zoco/contracts';
import { orderConfirmed, orderCreated } from '@zoco/contracts';
import { record } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { CallOutcomeUnknown, type Ctx } from '@zoco/service';
import type { Buyer } from '../buyers.ts';
import { createdOrder } from '../created-order.ts';
import { type Answer, type Claim, releaseKey } from '../db/idempotency.ts';
import { changeOrder, type Order } from '../db/order.ts';
import { type PendingOrder, saveCreated } from '../db/placing.ts';
import { countConfirmed, ordersBecame } from '../metrics.ts';
import type { OrderDeps } from '../order-deps.ts';
import { confirmedSnapshotOf, snapshotOf } from '../order-snapshot.ts';
import { viewOf } from '../order-view.ts';
import { ClaimLost, type StoredAnswer, success } from '../stored-answer.ts';
import { rejectOrder } from './reject-order.ts';

// JetStream takes 512 KiB; the envelope and what a later event adds need little.
const EVENT_BYTES_MAX = 496 * 1024;
const RESERVE_TIMEOUT_MS = 2000;

/**
 * Takes a pending order to its end: stock is reserved, then the order is created (and confirmed, when the orchestrator asked) in one
 * transaction with its events and its answer; or it is rejected for good.
 * @param now time of the database, from which the order's time to pay counts
 * @throws CallOutcomeUnknown when a neighbour does not answer: the order stays pending, and whoever comes next asks again
 * @throws ClaimLost when somebody else took over
 */
export async function finishOrder(
  ctx: Ctx,
  deps: OrderDeps,
  pending: PendingOrder,
  claim: Claim,
  now: Date,
): Promise<StoredAnswer> {
  let order: Order;
  try {
    const facts = await askNeighbours(ctx, deps, pending);
    deps.failpoint('after-reserve');
    const { tenant } = ctx;
    order = createdOrder(pending, { ...facts, tenant, now, transferDays: deps.config.ORDERS_TRANSFER_DAYS });
    refuseTooLarge(order);
  } catch (error) {
    if (isRefusal(error)) return rejectOrder(ctx, deps, pending, claim, error);
    await ctx.transact((tx) => releaseKey(tx, claim));
    throw error;
  }
  const { orchestration } = pending.request;
  const confirmed = orchestration === null ? undefined : confirmedOrder(order, now);
  const answer = success(
    201,
    orchestration === null || confirmed === undefined
      ? viewOf(order, ctx.tenant)
      : {
          success: true,
          correlation_id: orchestration.correlation_id,
          data: { customer: order.customer, order: viewOf(confirmed, ctx.tenant) },
        },
  );
  await ctx.transactTogether({ kind: 'finish-order', key: order.id }, async (tx) => {
    await create(tx, order, pending, claim, answer);
    if (confirmed !== undefined) await confirm(tx, confirmed);
    deps.failpoint('before-created-commit');
  });
  deps.failpoint('after-created-commit');
  ordersBecame.inc({ status: 'created' });
  if (confirmed !== undefined) countConfirmed(confirmed);
  return { ...answer, replayed: false };
}

/** Both at once: neither needs the other's answer. */
async function askNeighbours(
  ctx: Ctx,
  deps: OrderDeps,
  pending: PendingOrder,
): Promise<{ buyer: Buyer; reservation: Reservation }> {
  const lines = pending.request.items.map(({ product_id, quantity }) => ({ product_id, quantity }));
  const [buyer, reserved] = await Promise.allSettled([
    deps.buyers.find(ctx.tenantId, pending),
    deps.call('reserve', reservation, {
      tenantId: ctx.tenantId,
      params: { order_id: pending.id },
      body: { lines },
      timeoutMs: RESERVE_TIMEOUT_MS,
    }),
  ]);
  // A clear no decides, whatever the other one would have said.
  const refusal = [buyer, reserved]
    .map((result): unknown => (result.status === 'rejected' ? result.reason : undefined))
    .find(isRefusal);
  if (refusal !== undefined) throw inWordsOfOrders(refusal);
  if (buyer.status === 'rejected') throw asError(buyer.reason);
  if (reserved.status === 'rejected') throw asError(reserved.reason);
  if (reserved.value.state === 'released' || reserved.value.state === 'returned')
    throw new Problem('conflict', 'reservation_released', 'The stock of this order was released already.');
  return { buyer: buyer.value, reservation: reserved.value };
}

/** Catalog has lines where an order has items. */
function inWordsOfOrders({ kind, code, message, errors, extensions, retryAfterSeconds }: Problem): Problem {
  return new Problem(kind, code, message, {
    errors: errors.map((error) => ({ ...error, field: error.field.replace(/^lines\./, 'items.') })),
    extensions,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Refusals that are about this order. What says more of the system than of the order counts as no answer. */
const REFUSALS = new Set(['conflict', 'not_found', 'gone', 'too_large', 'invalid']);

function isRefusal(error: unknown): error is Problem {
  return error instanceof Problem && !(error instanceof CallOutcomeUnknown) && REFUSALS.has(error.kind);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('a call failed', { cause: reason });
}

function refuseTooLarge(order: Order): void {
  if (Buffer.byteLength(JSON.stringify(snapshotOf(order))) <= EVENT_BYTES_MAX) return;
  throw new Problem('conflict', 'order_too_large', 'The order has more lines than fit into one order.');
}

async function create(
  tx: Tx,
  order: Order,
  pending: PendingOrder,
  claim: Claim,
  answer: Answer,
): Promise<void> {
  if (!(await saveCreated(tx, order, claim, answer))) throw new ClaimLost();
  await record(tx, orderCreated, {
    aggregateId: order.id,
    version: order.version,
    data: {
      ...snapshotOf(order),
      expires_at: order.expiresAt?.toISOString() ?? null,
      payment_token: pending.request.payment_token,
      cart_id: order.cartId,
    },
  });
}

/** What `confirm` will make of the order; known beforehand, because the answer is kept in the same transaction. */
function confirmedOrder(order: Order, now: Date): Order {
  return {
    ...order,
    status: 'confirmed',
    version: order.version + 1,
    confirmedAt: now,
    cancelUntil: new Date(now.getTime() + order.cancelWindowMinutes * 60_000),
  };
}

async function confirm(tx: Tx, order: Order): Promise<void> {
  const { confirmedAt, cancelUntil } = order;
  const changing = changeOrder(tx, order.id, ['created'], {
    status: 'confirmed',
    confirmedAt,
    cancelUntil,
    changedBy: order.placedBy,
  });
  const recording = record(tx, orderConfirmed, {
    aggregateId: order.id,
    version: order.version,
    data: confirmedSnapshotOf(order),
  });
  await Promise.all([changing, recording]);
}
