import { orderRejected } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Id, Problem, TenantId } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import { z } from 'zod';
import { type Claim, completeKey } from '../db/idempotency.ts';
import { changeOrder } from '../db/order.ts';
import type { PendingOrder } from '../db/placing.ts';
import { ordersBecame } from '../metrics.ts';
import type { OrderDeps } from '../order-deps.ts';
import { ClaimLost, refusal, type StoredAnswer } from '../stored-answer.ts';

/** The tenant's door to the database, without its settings: those of a suspended tenant cannot be had. */
export type Door = Pick<Ctx, 'tenantId' | 'transact'>;

/**
 * Ends a pending order for good and keeps the refusal as the answer of its key. Its reservation is released only then: until it is
 * rejected somebody else may take it over and create it, and would sell what is not held any more.
 * @throws ClaimLost when somebody else took over
 */
export async function rejectOrder(
  door: Door,
  deps: OrderDeps,
  pending: Pick<PendingOrder, 'id' | 'placedBy'>,
  claim: Claim,
  why: Problem,
): Promise<StoredAnswer> {
  const answer = await refusal(why, claim.operation.replace(/^\w+ /, ''));
  await door.transact(async (tx) => {
    if (!(await completeKey(tx, claim, answer))) throw new ClaimLost();
    const order = await changeOrder(tx, pending.id, ['pending'], {
      status: 'rejected',
      request: null,
      reason: why.code,
      changeReason: why.code,
      changedBy: pending.placedBy,
    });
    if (order === undefined) throw new ClaimLost();
    await record(tx, orderRejected, {
      aggregateId: order.id,
      version: order.version,
      data: { order_id: order.id, reason: why.code },
    });
  });
  ordersBecame.inc({ status: 'rejected' });
  await release(deps, door.tenantId, pending.id);
  return { ...answer, replayed: false };
}

/** Frees the stock at once, also while NATS is away; when that fails, the catalog does it for `order.rejected`. */
async function release(deps: OrderDeps, tenantId: TenantId, orderId: Id<'order'>): Promise<void> {
  try {
    await deps.call('release', z.unknown(), { tenantId, params: { order_id: orderId }, retries: 0 });
  } catch (error) {
    deps.log.info({ err: error, order_id: orderId }, 'the release of a rejected order is left to its event');
  }
}
