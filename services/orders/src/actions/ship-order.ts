import { orderShipped } from '@zoco/contracts';
import { record } from '@zoco/events';
import { isId } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { sql } from 'drizzle-orm';
import { changeOrder, findOrder, type Order } from '../db/order.ts';
import { ordersBecame } from '../metrics.ts';
import { orderNotFound } from '../order-not-found.ts';
import { statusConflict } from '../rules/cancellation.ts';

export interface Shipment {
  readonly carrier: string | null;
  readonly tracking: string | null;
}

/**
 * Notes that a confirmed order left the warehouse; saying the same again changes nothing.
 * @throws Problem `order_not_found` or `order_status_conflict`
 */
export async function shipOrder(ctx: UserCtx, orderId: string, shipment: Shipment): Promise<Order> {
  if (!isId('order', orderId)) throw orderNotFound();
  const { order, isNew } = await ctx.transact(async (tx) => {
    const shipped = await changeOrder(tx, orderId, ['confirmed'], {
      ...shipment,
      status: 'shipped',
      shippedAt: sql`now()`,
      changedBy: ctx.principal.id,
    });
    if (shipped === undefined) {
      const current = await findOrder(tx, orderId);
      if (current === undefined) throw orderNotFound();
      const isSame = current.carrier === shipment.carrier && current.tracking === shipment.tracking;
      if (current.status === 'shipped' && isSame) return { order: current, isNew: false };
      throw statusConflict(current.status, 'shipped');
    }
    if (shipped.shippedAt === null) throw new Error('a shipped order has no time');
    await record(tx, orderShipped, {
      aggregateId: orderId,
      version: shipped.version,
      data: { order_id: orderId, ...shipment, shipped_at: shipped.shippedAt.toISOString() },
    });
    return { order: shipped, isNew: true };
  });
  if (isNew) ordersBecame.inc({ status: 'shipped' });
  return order;
}
