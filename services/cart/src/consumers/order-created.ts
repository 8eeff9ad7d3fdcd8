import type { orderCreated } from '@zoco/contracts';
import type { Handle, IsDone } from '@zoco/events';
import { finishCheckout } from '../actions/finish-checkout.ts';
import type { OwnCheckouts } from '../own-checkouts.ts';

/** Closes the cart of an order whose answer never reached the checkout. */
export const handleOrderCreated: Handle<typeof orderCreated> = async (tx, { data }) => {
  if (data.cart_id === null) return;
  await finishCheckout(tx, {
    cartId: data.cart_id,
    orderId: data.order_id,
    items: data.items,
    key: undefined,
  });
};

export const isClosedHere =
  (own: OwnCheckouts): IsDone<typeof orderCreated> =>
  ({ data: { cart_id: cartId, order_id: orderId } }) =>
    cartId === null ? Promise.resolve(true) : own.hasClosed(cartId, orderId);
