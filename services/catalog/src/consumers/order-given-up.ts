import type { orderExpired, orderRejected } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { settleReservations } from '../actions/settle-reservations.ts';
import type { ConsumerDeps } from './index.ts';

/** What was held is free again, and a reserve that is still on its way will be refused. */
export const handleOrderGivenUp =
  ({ cache, failpoint }: ConsumerDeps): Handle<typeof orderExpired | typeof orderRejected> =>
  async (tx, { tenantId, data }) => {
    const changed = await settleReservations(tx, [{ orderId: data.order_id }], 'release', failpoint);
    return () => changed.forEach((id) => cache.forgetStock(tenantId, id));
  };
