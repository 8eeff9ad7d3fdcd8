import { orderRejected } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Problem } from '@zoco/kernel';
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

export interface RejectOptions {
  /** Whether the catalog must have confirmed the release: where nobody knows if it reserved. Default false. */
  readonly releaseForSure?: boolean;
}

/**
 * Ends a pending order for good and keeps the refusal as the answer of its key. The reservation is released first, which also makes
 * the catalog refuse a reserve that is still on its way.
 * @throws CallOutcomeUnknown when the release is needed for sure and the catalog does not answer
 * @throws ClaimLost when somebody else took over
 */
export async function rejectOrder(
  door: Door,
  deps: OrderDeps,
  pending: Pick<PendingOrder, 'id' | 'placedBy'>,
  claim: Claim,
  why: Problem,
  options: RejectOptions = {},
): Promise<StoredAnswer> {
  try {
    await deps.call('release', z.unknown(), { tenantId: door.tenantId, params: { order_id: pending.id } });
  } catch (error) {
    // After a clear refusal nothing is held; should an earlier try have reserved after all, the catalog asks about it later.
    if (options.releaseForSure) throw error;
    deps.log.warn(
      { err: error, order_id: pending.id },
      'the reservation of a refused order was not released',
    );
  }
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
  return { ...answer, replayed: false };
}
