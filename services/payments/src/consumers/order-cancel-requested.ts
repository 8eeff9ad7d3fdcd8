import type { orderCancelRequested } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { refundOrder } from '../actions/refund-order.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { Work } from '../work.ts';
import { goOn } from './go-on.ts';

/** A confirmed order is being canceled: its money goes back first. */
export const whenOrderCancelRequested =
  (deps: PaymentDeps, work: Work): Handle<typeof orderCancelRequested> =>
  async (tx, event) =>
    goOn(work, await refundOrder(tx, deps, event.data.order_id));
