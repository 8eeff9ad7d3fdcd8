import { productDeleted } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { UserCtx } from '@zoco/service';
import { markDeleted } from '../db/products.ts';
import { productNotFound } from '../rules/product.ts';

/**
 * Takes a product off sale for good. What is reserved of it stays reserved: those orders were accepted.
 * @throws Problem `product_not_found`
 */
export function deleteProduct(ctx: UserCtx, id: string): Promise<void> {
  return ctx.transact(async (tx) => {
    const deleted = await markDeleted(tx, id);
    if (deleted === undefined) throw productNotFound();
    await record(tx, productDeleted, {
      aggregateId: deleted.id,
      version: deleted.version,
      data: { product_id: deleted.id, sku: deleted.sku },
    });
  });
}
