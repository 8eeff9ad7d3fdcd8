import { productDeleted } from '@zoco/contracts';
import { on } from '@zoco/events';
import { deleteProductEverywhere } from '../db/favorites.ts';

/** What can no longer be sold is nobody's favorite or wish. */
export const productDeletedHandler = on(productDeleted, (tx, { data }) =>
  deleteProductEverywhere(tx, data.product_id),
);
