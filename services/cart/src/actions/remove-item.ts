import { Problem } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import { removeItems } from '../db/cart-items.ts';
import type { CartOwner } from '../db/carts.ts';

/**
 * Takes a product out of the cart.
 * @throws Problem `cart_item_not_found`
 */
export async function removeItem(ctx: Ctx, owner: CartOwner | undefined, productId: string): Promise<void> {
  if (owner === undefined) throw itemNotFound();
  await ctx.transact(async (tx) => {
    if (!(await removeItems(tx, owner, productId))) throw itemNotFound();
  });
}

export function itemNotFound(): Problem {
  return new Problem('not_found', 'cart_item_not_found', 'The cart has no such item.');
}
