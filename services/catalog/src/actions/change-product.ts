import { productUpdated } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { isUniqueViolation, type Tx } from '@zoco/postgres';
import type { UserCtx } from '@zoco/service';
import { lockProduct, type ProductRow, updateProducts } from '../db/products.ts';
import { setUnits } from '../db/stock.ts';
import { recordProducts, recordStock } from '../product-events.ts';
import { type ProductContent, productNotFound, sameContent, skuTaken } from '../rules/product.ts';

export interface ProductChange {
  /** What the product shall be, from what it is. @throws Problem when it must not be changed */
  readonly decide: (current: ProductRow) => ProductContent;
  /** Units that shall be for sale; undefined leaves them. */
  readonly stock: number | undefined;
}

/**
 * Changes a product. What reads the same afterwards is not written: no new version, no event.
 * @throws Problem `product_not_found`, `product_sku_taken`, or what `decide` throws
 */
export async function changeProduct(ctx: UserCtx, id: string, change: ProductChange): Promise<ProductRow> {
  try {
    return await ctx.transact(async (tx) => {
      const current = await lockProduct(tx, id);
      if (current === undefined) throw productNotFound();
      const content = change.decide(current);
      const product = sameContent(current, content) ? current : await saveContent(ctx, tx, current, content);
      return change.stock === undefined ? product : saveStock(ctx, tx, product, change.stock);
    });
  } catch (error) {
    if (isUniqueViolation(error, 'products_sku')) throw skuTaken();
    throw error;
  }
}

async function saveContent(
  ctx: UserCtx,
  tx: Tx,
  current: ProductRow,
  content: ProductContent,
): Promise<ProductRow> {
  const { id, version } = current;
  const [revision] = await updateProducts(tx, [{ ...content, id, version }]);
  if (revision === undefined) throw new Error('a locked product was changed by somebody else');
  const product = { ...current, ...content, ...revision };
  await recordProducts(tx, productUpdated, [product], ctx.tenant);
  return product;
}

async function saveStock(ctx: UserCtx, tx: Tx, product: ProductRow, stock: number): Promise<ProductRow> {
  const movement = { reason: 'set', actorId: ctx.principal.id };
  const [row] = await setUnits(tx, [{ productId: product.id, moveId: newId('stockMove'), stock }], movement);
  if (row === undefined) return product;
  await recordStock(tx, [row], movement.reason);
  return { ...product, on_hand: row.on_hand, reserved: row.reserved, stock_version: row.version };
}
