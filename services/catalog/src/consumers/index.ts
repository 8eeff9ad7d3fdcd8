import { orderCanceled, orderConfirmed, orderExpired, orderRejected } from '@zoco/contracts';
import { type EventHandler, on, onTogether } from '@zoco/events';
import type { Failpoint } from '@zoco/service';
import type { ProductCache } from '../product-cache.ts';
import { handleOrderCanceled } from './order-canceled.ts';
import { handleOrdersConfirmed } from './order-confirmed.ts';
import { handleOrderGivenUp } from './order-given-up.ts';

const GATHER_MS = 100;

export interface ConsumerDeps {
  readonly cache: ProductCache;
  readonly failpoint: Failpoint;
}

export function handlers(deps: ConsumerDeps): EventHandler[] {
  return [
    // Units that are held cannot be had by anybody: that they are sold may be noted a moment later, with others.
    onTogether(orderConfirmed, handleOrdersConfirmed(deps), GATHER_MS),
    on(orderCanceled, handleOrderCanceled(deps)),
    on(orderExpired, handleOrderGivenUp(deps)),
    on(orderRejected, handleOrderGivenUp(deps)),
  ];
}
