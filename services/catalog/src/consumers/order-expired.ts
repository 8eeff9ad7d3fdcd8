import type { orderExpired } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { settleReservations } from '../actions/settle-reservations.ts';
import type { ConsumerDeps } from './index.ts';

/** What was held is free again. */
export const handleOrderExpired =
  ({ cache, failpoint }: ConsumerDeps): Handle<typeof orderExpired> =>
  async (tx, { tenantId, data }) => {
    const changed = await settleReservations(tx, [{ orderId: data.order_id }], 'release', failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tenantId, id));
  };
