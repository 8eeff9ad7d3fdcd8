import type { orderConfirmed } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { settleReservation } from '../actions/settle-reservation.ts';
import type { ConsumerDeps } from './index.ts';

/** What was held is sold. */
export const handleOrderConfirmed =
  ({ cache, failpoint }: ConsumerDeps): Handle<typeof orderConfirmed> =>
  async (tx, { tenantId, data }) => {
    const changed = await settleReservation(tx, data.order_id, 'commit', failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tenantId, id));
  };
