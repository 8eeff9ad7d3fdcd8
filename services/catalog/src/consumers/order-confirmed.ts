import type { orderConfirmed } from '@zoco/contracts';
import type { HandleAll } from '@zoco/events';
import { settleReservations } from '../actions/settle-reservations.ts';
import type { ConsumerDeps } from './index.ts';

/** What was held is sold. */
export const handleOrdersConfirmed =
  ({ cache, failpoint }: ConsumerDeps): HandleAll<typeof orderConfirmed> =>
  async (tx, events) => {
    const orders = events.map((event) => ({ orderId: event.data.order_id, cause: event }));
    const changed = await settleReservations(tx, orders, 'commit', failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tx.tenantId, id));
  };
