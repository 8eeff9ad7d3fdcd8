import { orderCreated, productDeleted, productUpdated } from '@zoco/contracts';
import { type EventHandler, on } from '@zoco/events';
import type { OwnCheckouts } from '../own-checkouts.ts';
import { handleOrderCreated, isClosedHere } from './order-created.ts';
import { handleProductDeleted } from './product-deleted.ts';
import { handleProductUpdated } from './product-updated.ts';

export function handlers(own: OwnCheckouts): EventHandler[] {
  return [
    on(productUpdated, handleProductUpdated),
    on(productDeleted, handleProductDeleted),
    on(orderCreated, handleOrderCreated, isClosedHere(own)),
  ];
}
