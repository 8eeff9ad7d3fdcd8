import type { orderExpired } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { settleReservation } from '../actions/settle-reservation.ts';
import type { ConsumerDeps } from './index.ts';

/** What was held is free again. */
export const handleOrderExpired =
  ({ cache, failpoint }: ConsumerDeps): Handle<typeof orderExpired> =>
  async (tx, { tenantId, data }) => {
    const changed = await settleReservation(tx, data.order_id, 'release', failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tenantId, id));
  };
