import { orderExpired } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Id, TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import { sql } from 'drizzle-orm';
import { changeOrder } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { ordersBecame } from '../metrics.ts';
import type { OrderDeps } from '../order-deps.ts';
import type { DueOrder } from './take-due-orders.ts';
import { voidPayment } from './void-payment.ts';

const EXPIRED = 'payment_timeout';

/**
 * Expires an order that was not paid in time. A card payment is ended first; when it turns out to be captured, the order stays as it
 * is and `payment.succeeded` confirms it.
 * @returns whether it expired
 * @throws CallOutcomeUnknown when payments does not answer: the sweeper comes again
 */
export async function expireOrder(
  db: Database,
  deps: Pick<OrderDeps, 'call' | 'failpoint'>,
  due: Pick<DueOrder, 'tenantId' | 'id' | 'paymentMethod'>,
): Promise<boolean> {
  if (due.paymentMethod === 'card' && (await voidPayment(deps, due.tenantId, due.id)) === 'captured')
    return false;
  const expired = await expire(db, due.tenantId, due.id);
  if (expired) ordersBecame.inc({ status: 'expired' });
  return expired;
}

function expire(db: Database, tenantId: TenantId, id: Id<'order'>): Promise<boolean> {
  return db.transact(tenantId, async (tx) => {
    const order = await changeOrder(
      tx,
      id,
      ['created'],
      { status: 'expired', reason: EXPIRED, changeReason: EXPIRED, changedBy: 'sweeper' },
      sql`${orders.expiresAt} <= now()`,
    );
    if (order === undefined) return false;
    await record(tx, orderExpired, {
      aggregateId: id,
      version: order.version,
      data: { order_id: id, expired_at: new Date().toISOString() },
    });
    return true;
  });
}
