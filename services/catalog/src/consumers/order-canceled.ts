import type { orderCanceled } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { settleReservations } from '../actions/settle-reservations.ts';
import type { ConsumerDeps } from './index.ts';

/** What was sold comes back; what was only held is free again. */
export const handleOrderCanceled =
  ({ cache, failpoint }: ConsumerDeps): Handle<typeof orderCanceled> =>
  async (tx, { tenantId, data }) => {
    const settlement = data.was_confirmed ? 'return' : 'release';
    const changed = await settleReservations(tx, [{ orderId: data.order_id }], settlement, failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tenantId, id));
  };
