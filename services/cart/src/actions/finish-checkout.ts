import { cartCheckedOut } from '@zoco/contracts';
import { record } from '@zoco/events';
import { type Id, newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { closeCart, openCartWith } from '../db/checkouts.ts';
import { cartsCheckedOut } from '../metrics.ts';
import { leftovers, type Quantity } from '../rules/leftovers.ts';

/**
 * Closes the cart that an order came from. The answer of the checkout and `order.created` race to do it: the first one does,
 * the other finds it done.
 */
export async function finishCheckout(
  tx: Tx,
  done: { cartId: Id<'cart'>; orderId: Id<'order'>; items: readonly Quantity[] },
): Promise<void> {
  const closed = await closeCart(tx, done.cartId, done.orderId);
  if (closed === undefined) return;
  const rest = leftovers(closed.lines, done.items);
  if (rest.length > 0) await openCartWith(tx, closed.user_id, newId('cart'), rest);
  tx.onCommit(() => cartsCheckedOut.inc());
  // A cart has one event in its life, so its version is known.
  await record(tx, cartCheckedOut, {
    aggregateId: done.cartId,
    version: 1,
    data: { cart_id: done.cartId, order_id: done.orderId, user_id: closed.user_id },
  });
}
