import { orderConfirmed } from '@zoco/contracts';
import { record } from '@zoco/events';
import { type Id, isId, Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { fingerprintOf, idempotencyKeyInFlight, type UserCtx } from '@zoco/service';
import { sql } from 'drizzle-orm';
import { type Answer, claimKey, completeKey, findKey, type KeyScope } from '../db/idempotency.ts';
import { changeOrder, findOrder } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { countConfirmed } from '../metrics.ts';
import { orderNotFound } from '../order-not-found.ts';
import type { OrderDeps } from '../order-deps.ts';
import { confirmedSnapshotOf } from '../order-snapshot.ts';
import { viewOf } from '../order-view.ts';
import { statusConflict } from '../rules/cancellation.ts';
import { answerOf, refusal, type StoredAnswer, success } from '../stored-answer.ts';

export interface ConfirmOrderInput {
  readonly key: string;
  readonly orderId: string;
}

const OPERATION = 'POST /api/v1/orders/{order_id}/confirm';

/**
 * Staff accepts an order that is paid later: on account, or by a transfer that is trusted to come. Card orders are confirmed by their
 * payment alone. One transaction holds key, change and event; a twin with the same key waits for it and gets its answer.
 * @throws Problem `order_not_found`, or those of a key that is in use
 */
export async function confirmOrder(
  ctx: UserCtx,
  deps: OrderDeps,
  input: ConfirmOrderInput,
): Promise<StoredAnswer> {
  const { orderId } = input;
  if (!isId('order', orderId)) throw orderNotFound();
  const scope = { principal: ctx.principal.id, operation: OPERATION, key: input.key };
  const fingerprint = fingerprintOf(OPERATION, { order_id: orderId });
  const answer = await ctx.transact(async (tx): Promise<StoredAnswer> => {
    if (!(await claimKey(tx, scope, fingerprint, orderId))) return replay(tx, scope, fingerprint);
    const decided = await confirm(tx, orderId, ctx);
    await completeKey(tx, { ...scope, attempt: 1 }, decided);
    deps.failpoint('before-confirm-commit');
    return { ...decided, replayed: false };
  });
  deps.failpoint('after-confirm-commit');
  return answer;
}

async function confirm(tx: Tx, orderId: Id<'order'>, ctx: UserCtx): Promise<Answer> {
  const order = await changeOrder(
    tx,
    orderId,
    ['created'],
    {
      status: 'confirmed',
      confirmedAt: sql`now()`,
      cancelUntil: sql`now() + make_interval(mins => ${orders.cancelWindowMinutes})`,
      changedBy: ctx.principal.id,
    },
    sql`${orders.paymentMethod} <> 'card'`,
  );
  if (order === undefined)
    return refusal(await reasonAgainst(tx, orderId), `/api/v1/orders/${orderId}/confirm`);
  await record(tx, orderConfirmed, {
    aggregateId: order.id,
    version: order.version,
    data: confirmedSnapshotOf(order),
  });
  tx.onCommit(() => countConfirmed(order));
  return success(200, viewOf(order, ctx.tenant));
}

/** @throws Problem `order_not_found`, which is not kept: the same key may be sent again */
async function reasonAgainst(tx: Tx, orderId: Id<'order'>): Promise<Problem> {
  const order = await findOrder(tx, orderId);
  if (order === undefined) throw orderNotFound();
  if (order.status !== 'created') return statusConflict(order.status, 'confirmed');
  return new Problem(
    'conflict',
    'order_payment_required',
    'An order by card is confirmed by its payment and by nobody else.',
  );
}

async function replay(tx: Tx, scope: KeyScope, fingerprint: string): Promise<StoredAnswer> {
  const known = await findKey(tx, scope, fingerprint);
  const answer = known === undefined ? undefined : answerOf(known);
  if (answer === undefined) throw idempotencyKeyInFlight();
  return answer;
}
