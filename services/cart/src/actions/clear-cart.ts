import type { Ctx } from '@zoco/service';
import { removeItems } from '../db/cart-items.ts';
import type { CartOwner } from '../db/carts.ts';

/** Takes everything out of the cart; an empty one stays as it is. */
export async function clearCart(ctx: Ctx, owner: CartOwner | undefined): Promise<void> {
  if (owner !== undefined) await ctx.transact((tx) => removeItems(tx, owner));
}
