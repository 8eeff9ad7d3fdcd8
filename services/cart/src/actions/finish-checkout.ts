import { cartCheckedOut } from '@zoco/contracts';
import { record } from '@zoco/events';
import { newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { closeCart, openCartWith, type OrderedCart } from '../db/checkouts.ts';
import { cartsCheckedOut } from '../metrics.ts';
import { leftovers, type Quantity } from '../rules/leftovers.ts';

interface FinishedCheckout extends OrderedCart {
  readonly items: readonly Quantity[];
}

/**
 * Closes the cart that an order came from. The answer of the checkout and `order.created` race to do it: the first one does,
 * the other finds it done.
 */
export async function finishCheckout(tx: Tx, done: FinishedCheckout): Promise<void> {
  const closed = await closeCart(tx, done);
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
