import { orderCanceled, orderCancelRequested, orderCreated, orderExpired } from '@zoco/contracts';
import { type EventHandler, on, onTogether } from '@zoco/events';
import type { PaymentDeps } from '../payment-deps.ts';
import type { Work } from '../work.ts';
import { whenOrderCancelRequested } from './order-cancel-requested.ts';
import { whenOrderCanceled } from './order-canceled.ts';
import { whenOrdersCreated } from './order-created.ts';
import { whenOrderExpired } from './order-expired.ts';

/** What this service does about the events of others. */
export const handlers = (deps: PaymentDeps, work: Work): EventHandler[] => [
  onTogether(orderCreated, whenOrdersCreated(deps, work)),
  on(orderCancelRequested, whenOrderCancelRequested(deps, work)),
  on(orderCanceled, whenOrderCanceled(deps, work)),
  on(orderExpired, whenOrderExpired(deps, work)),
];
