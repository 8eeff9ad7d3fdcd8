import { orderDelivered } from '@zoco/contracts';
import { record } from '@zoco/events';
import { isId } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { sql } from 'drizzle-orm';
import { changeOrder, findOrder, type Order } from '../db/order.ts';
import { ordersBecame } from '../metrics.ts';
import { orderNotFound } from '../order-not-found.ts';
import { statusConflict } from '../rules/cancellation.ts';

/**
 * Notes that a shipped order arrived; saying it again changes nothing.
 * @throws Problem `order_not_found` or `order_status_conflict`
 */
export async function deliverOrder(ctx: UserCtx, orderId: string): Promise<Order> {
  if (!isId('order', orderId)) throw orderNotFound();
  const { order, isNew } = await ctx.transact(async (tx) => {
    const delivered = await changeOrder(tx, orderId, ['shipped'], {
      status: 'delivered',
      deliveredAt: sql`now()`,
      changedBy: ctx.principal.id,
    });
    if (delivered === undefined) {
      const current = await findOrder(tx, orderId);
      if (current === undefined) throw orderNotFound();
      if (current.status === 'delivered') return { order: current, isNew: false };
      throw statusConflict(current.status, 'delivered');
    }
    if (delivered.deliveredAt === null) throw new Error('a delivered order has no time');
    await record(tx, orderDelivered, {
      aggregateId: orderId,
      version: delivered.version,
      data: { order_id: orderId, delivered_at: delivered.deliveredAt.toISOString() },
    });
    return { order: delivered, isNew: true };
  });
  if (isNew) ordersBecame.inc({ status: 'delivered' });
  return order;
}
