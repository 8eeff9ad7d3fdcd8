import { Problem, type TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import { createCtx, type Tenants } from '@zoco/service';
import { type Claim, findLapsedKey, takeOverKey } from '../db/idempotency.ts';
import { findOrder } from '../db/order.ts';
import { currentTime, type PendingOrder } from '../db/placing.ts';
import type { OrderDeps } from '../order-deps.ts';
import { ClaimLost } from '../stored-answer.ts';
import { finishOrder } from './finish-order.ts';
import { type Door, rejectOrder } from './reject-order.ts';
import type { DueOrder } from './take-due-orders.ts';

/**
 * Goes on with a pending order whose request died or never learnt whether stock is reserved. Beyond the limit it is rejected, whether or
 * not the catalog answers.
 * @throws CallOutcomeUnknown while a neighbour does not answer: the sweeper comes again
 */
export async function finishDueOrder(
  db: Database,
  deps: OrderDeps,
  tenants: Tenants,
  due: DueOrder,
): Promise<void> {
  const work = await takeOver(db, due.tenantId, due, deps.config.ORDERS_LEASE_SECONDS);
  if (work === undefined) return;
  const { claim, pending, now } = work;
  try {
    if (due.ageSeconds > deps.config.ORDERS_PENDING_SECONDS) {
      const door: Door = {
        tenantId: due.tenantId,
        transact: (step) => db.transact(due.tenantId, step),
      };
      await rejectOrder(door, deps, pending, claim, notPlacedInTime());
    } else {
      const tenant = await tenants.get(due.tenantId);
      await finishOrder(
        createCtx({ tenant, principal: undefined, log: deps.log, db }),
        deps,
        pending,
        claim,
        now,
      );
    }
  } catch (error) {
    // A client that tried again was quicker.
    if (!(error instanceof ClaimLost)) throw error;
  }
}

function takeOver(
  db: Database,
  tenantId: TenantId,
  due: DueOrder,
  leaseSeconds: number,
): Promise<{ claim: Claim; pending: PendingOrder; now: Date } | undefined> {
  return db.transact(tenantId, async (tx) => {
    const lapsed = await findLapsedKey(tx, due.id);
    const claim = lapsed && (await takeOverKey(tx, lapsed, leaseSeconds));
    if (claim === undefined) return undefined;
    const [order, now] = await Promise.all([findOrder(tx, due.id), currentTime(tx)]);
    if (order?.status !== 'pending' || order.request === null) return undefined;
    return { claim, pending: { ...order, request: order.request }, now };
  });
}

function notPlacedInTime(): Problem {
  return new Problem(
    'conflict',
    'order_placing_timeout',
    'The order could not be placed in time. Nothing was charged, and nothing stays reserved; order again with a new Idempotency-Key.',
  );
}
