import type { productUpdated } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { updateProduct } from '../db/product-copies.ts';

/** Carts show the new name and price, even while catalog is away. */
export const handleProductUpdated: Handle<typeof productUpdated> = (tx, event) =>
  updateProduct(tx, event.data);
