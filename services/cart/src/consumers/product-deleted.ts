import type { productDeleted } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { markDeleted } from '../db/product-copies.ts';

/** Carts that hold the product show it as unavailable; no cart takes it any more. */
export const handleProductDeleted: Handle<typeof productDeleted> = (tx, event) =>
  markDeleted(tx, event.data.product_id, event.time);
