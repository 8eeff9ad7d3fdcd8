import { paymentCreated } from '@zoco/contracts';
import { on } from '@zoco/events';
import { sql } from 'drizzle-orm';
import { changeOrder } from '../db/order.ts';
import { orders } from '../db/schema.ts';

/** A payment waits for the buyer. What later events have told already stands. */
export const onPaymentCreated = on(paymentCreated, async (tx, event) => {
  await changeOrder(
    tx,
    event.data.order_id,
    ['created', 'confirmed', 'cancel_pending', 'shipped', 'delivered'],
    {
      paymentStatus: 'pending',
      paymentVersion: event.version,
      changedBy: 'payments',
      changeReason: 'payment_created',
    },
    sql`${orders.paymentStatus} = 'unpaid' and ${orders.paymentVersion} < ${event.version}`,
  );
});
