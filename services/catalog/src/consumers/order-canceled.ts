import type { orderCanceled } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { settleReservation } from '../actions/settle-reservation.ts';
import type { ConsumerDeps } from './index.ts';

/** What was sold comes back; what was only held is free again. */
export const handleOrderCanceled =
  ({ cache, failpoint }: ConsumerDeps): Handle<typeof orderCanceled> =>
  async (tx, { tenantId, data }) => {
    const settlement = data.was_confirmed ? 'return' : 'release';
    const changed = await settleReservation(tx, data.order_id, settlement, failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tenantId, id));
  };
