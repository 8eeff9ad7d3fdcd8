import { productCreated } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { insertProducts, type ProductRow } from '../db/products.ts';
import { recordProducts, recordStock, stockOf } from '../product-events.ts';
import { type ProductContent, skuTaken } from '../rules/product.ts';

/** @throws Problem `product_sku_taken` */
export function createProduct(ctx: UserCtx, content: ProductContent, stock: number): Promise<ProductRow> {
  const id = newId('product');
  return ctx.transact(async (tx) => {
    const [product] = await insertProducts(tx, [{ ...content, id, stock, moveId: newId('stockMove') }], {
      reason: 'initial',
      actorId: ctx.principal.id,
    });
    if (product === undefined) throw skuTaken();
    await Promise.all([
      recordProducts(tx, productCreated, [product], ctx.tenant),
      recordStock(tx, [stockOf(product)], 'initial'),
    ]);
    return product;
  });
}
