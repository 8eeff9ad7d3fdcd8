import { orderRefunded, paymentRefunded } from '@zoco/contracts';
import { on, record } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import { sql } from 'drizzle-orm';
import { finishCanceling } from '../actions/finish-canceling.ts';
import { changeOrder, lockOrder } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { ordersBecame } from '../metrics.ts';
import { orderNotFound } from '../order-not-found.ts';
import { statusAfterRefund } from '../rules/payment.ts';

/**
 * Money went back. When all of it did, an order that is being canceled ends.
 * @throws Problem `order_not_confirmed_yet`, to be tried again, while the capture has not been handled here
 */
export const onPaymentRefunded = on(paymentRefunded, async (tx, { data, version }) => {
  const order = await lockOrder(tx, data.order_id);
  if (order === undefined) throw orderNotFound();
  if (order.status === 'created') {
    throw new Problem('unavailable', 'order_not_confirmed_yet', 'The capture is still on its way.');
  }
  // Refunds only add up, so a smaller sum is an older event.
  if (data.refunded_total_cents <= order.refundedCents) return undefined;
  const paymentStatus = statusAfterRefund(data.refunded_total_cents, order.totalCents);
  const refunded = await changeOrder(tx, order.id, [order.status], {
    paymentStatus,
    paymentVersion: sql`greatest(${orders.paymentVersion}, ${version})`,
    refundedCents: data.refunded_total_cents,
    changedBy: 'payments',
    changeReason: data.reason,
  });
  if (refunded === undefined) throw new Error('an order that is locked changed');
  await record(tx, orderRefunded, {
    aggregateId: order.id,
    version: refunded.version,
    data: {
      order_id: order.id,
      refunded_cents: data.refunded_total_cents,
      total_cents: order.totalCents,
      payment_status: paymentStatus,
    },
  });
  if (order.status !== 'cancel_pending' || paymentStatus !== 'refunded') return undefined;
  await finishCanceling(tx, { orderId: order.id, from: 'cancel_pending', changedBy: 'payments' });
  return () => ordersBecame.inc({ status: 'canceled' });
});
