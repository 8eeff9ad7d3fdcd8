import type { Ctx } from '@zoco/service';
import { setQuantity } from '../db/cart-items.ts';
import type { CartOwner } from '../db/carts.ts';
import { itemNotFound } from './remove-item.ts';

/**
 * Sets how many units of a product the cart holds.
 * @throws Problem `cart_item_not_found`
 */
export async function setItemQuantity(
  ctx: Ctx,
  owner: CartOwner | undefined,
  productId: string,
  quantity: number,
): Promise<void> {
  if (owner === undefined) throw itemNotFound();
  await ctx.transact(async (tx) => {
    if (!(await setQuantity(tx, owner, productId, quantity))) throw itemNotFound();
  });
}
