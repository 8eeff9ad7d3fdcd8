import { paymentFailed } from '@zoco/contracts';
import { on } from '@zoco/events';
import { sql } from 'drizzle-orm';
import { changeOrder } from '../db/order.ts';
import { orders } from '../db/schema.ts';

/** An attempt was declined: the order waits on, and shows why. */
export const onPaymentFailed = on(paymentFailed, async (tx, { data, version }) => {
  await changeOrder(
    tx,
    data.order_id,
    ['created'],
    {
      paymentStatus: 'unpaid',
      paymentVersion: version,
      paymentAttempts: data.attempt,
      paymentFailure: { code: data.code, detail: data.detail },
      changedBy: 'payments',
      changeReason: data.code,
    },
    sql`${orders.paymentStatus} in ('unpaid', 'pending') and ${orders.paymentVersion} < ${version}`,
  );
});
