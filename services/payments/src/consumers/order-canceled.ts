import type { orderCanceled } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { endOrder } from '../actions/end-order.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { Work } from '../work.ts';
import { goOn } from './go-on.ts';

export const whenOrderCanceled =
  (deps: PaymentDeps, work: Work): Handle<typeof orderCanceled> =>
  async (tx, event) =>
    goOn(work, await endOrder(tx, deps, event.data.order_id, 'order_canceled'));
