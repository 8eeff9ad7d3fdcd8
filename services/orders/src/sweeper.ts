import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@zoco/postgres';
import { addMetricSample, CallOutcomeUnknown, type Tenants } from '@zoco/service';
import { countOpenOrders } from './actions/count-open-orders.ts';
import { expireOrder } from './actions/expire-order.ts';
import { finishDueOrder } from './actions/finish-due-order.ts';
import { forgetAnswers } from './actions/forget-answers.ts';
import { type DueOrder, takeDueOrders } from './actions/take-due-orders.ts';
import { ordersOpen } from './metrics.ts';
import type { OrderDeps } from './order-deps.ts';

export interface SweeperDeps extends OrderDeps {
  readonly db: Database;
  readonly tenants: Tenants;
}

// An order that could not be dealt with comes again after this time.
const PUT_OFF_SECONDS = 5;
const FORGET_MS = 3600_000;

/**
 * Finishes pending orders and expires unpaid ones until the signal aborts. Any number of replicas may run it: each order is taken by one,
 * and what they do is a compare-and-set anyway.
 */
export async function runSweeper(deps: SweeperDeps, intervalMs: number, signal: AbortSignal): Promise<void> {
  using _open = sampleOpenOrders(deps.db);
  let forgetAtMs = performance.now() + FORGET_MS;
  while (!signal.aborted) {
    try {
      while ((await sweepOnce(deps)) > 0 && !signal.aborted);
      const nowMs = performance.now();
      if (nowMs >= forgetAtMs) {
        forgetAtMs = nowMs + FORGET_MS;
        await forgetAnswers(deps.db);
      }
    } catch (error) {
      deps.log.warn({ err: error }, 'the sweep failed and will be repeated');
    }
    await delay(intervalMs, undefined, { signal }).catch(() => {});
  }
}

/** Shows in the metrics how many orders wait for something. */
function sampleOpenOrders(db: Database): Disposable {
  return addMetricSample({
    name: 'orders',
    async take() {
      const counts = await countOpenOrders(db);
      for (const status of ['pending', 'created', 'cancel_pending'])
        ordersOpen.set({ status }, counts.get(status) ?? 0);
    },
  });
}

/** Deals with one batch of orders that are due. @returns how many there were */
export async function sweepOnce(deps: SweeperDeps): Promise<number> {
  const due = await takeDueOrders(deps.db, PUT_OFF_SECONDS);
  await Promise.all(due.map((order) => sweep(deps, order)));
  return due.length;
}

async function sweep(deps: SweeperDeps, due: DueOrder): Promise<void> {
  try {
    if (due.status === 'pending') await finishDueOrder(deps.db, deps, deps.tenants, due);
    else await expireOrder(deps.db, deps, due);
  } catch (error) {
    const log = deps.log.child({ order_id: due.id, tenant_id: due.tenantId });
    if (error instanceof CallOutcomeUnknown) log.info({ err: error }, 'due order is left for later');
    else log.error({ err: error }, 'due order could not be dealt with');
  }
}
