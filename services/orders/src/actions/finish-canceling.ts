import { orderCanceled } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { type SQL, sql } from 'drizzle-orm';
import { changeOrder, type Order } from '../db/order.ts';

export interface FinishCancelingInput {
  readonly orderId: Id<'order'>;
  /** `created`, or `cancel_pending` once the money is back. */
  readonly from: 'created' | 'cancel_pending';
  readonly changedBy: string;
  /** Left out, the one stays for which the cancellation was asked for. */
  readonly reason?: string;
}

/** Ends an order as canceled, with its event. @returns undefined when it is not in the state that it should come from */
export async function finishCanceling(
  tx: Tx,
  input: FinishCancelingInput,
  guard?: SQL,
): Promise<Order | undefined> {
  const { orderId, from, changedBy, reason } = input;
  const order = await changeOrder(
    tx,
    orderId,
    [from],
    {
      status: 'canceled',
      canceledAt: sql`now()`,
      changedBy,
      changeReason: reason ?? 'money_returned',
      ...(reason === undefined ? {} : { reason }),
    },
    guard,
  );
  if (order === undefined) return undefined;
  if (order.canceledAt === null) throw new Error('a canceled order has no time');
  await record(tx, orderCanceled, {
    aggregateId: order.id,
    version: order.version,
    data: {
      order_id: order.id,
      reason: order.reason ?? 'unknown',
      was_confirmed: from === 'cancel_pending',
      canceled_at: order.canceledAt.toISOString(),
    },
  });
  return order;
}
