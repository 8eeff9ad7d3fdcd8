import { paymentCanceled } from '@zoco/contracts';
import { on } from '@zoco/events';
import { sql } from 'drizzle-orm';
import { finishCanceling } from '../actions/finish-canceling.ts';
import { changeOrder } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { ordersBecame } from '../metrics.ts';

/**
 * A payment ended before any money moved. An order that is being canceled ends with it; one that waits for payment goes on waiting,
 * until it is paid in another way, canceled or expired.
 */
export const onPaymentCanceled = on(paymentCanceled, async (tx, { data, version }) => {
  const noMoney = sql`${orders.paymentStatus} in ('unpaid', 'pending')`;
  const canceled = await finishCanceling(
    tx,
    { orderId: data.order_id, from: 'cancel_pending', changedBy: 'payments' },
    noMoney,
  );
  if (canceled !== undefined) return () => ordersBecame.inc({ status: 'canceled' });
  await changeOrder(
    tx,
    data.order_id,
    ['created', 'confirmed', 'canceled', 'expired'],
    {
      paymentStatus: 'unpaid',
      paymentVersion: version,
      changedBy: 'payments',
      changeReason: data.reason,
    },
    sql`${noMoney} and ${orders.paymentVersion} < ${version}`,
  );
  return undefined;
});
