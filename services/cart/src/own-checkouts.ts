import type { Id } from '@zoco/kernel';

const REMEMBERED_MAX = 1000;

/** Checkouts of this process: when it closes the cart itself, `order.created` has nothing left to do here. */
export interface OwnCheckouts {
  /** Runs the part of a checkout that ends with the order and the closed cart. */
  follow<T extends { readonly id: Id<'order'> }>(cartId: Id<'cart'>, closing: () => Promise<T>): Promise<T>;
  /** Whether this process has closed that cart for that order; waits for a checkout that is at it. */
  hasClosed(cartId: Id<'cart'>, orderId: Id<'order'>): Promise<boolean>;
}

export function createOwnCheckouts(): OwnCheckouts {
  const orderOf = new Map<Id<'cart'>, Promise<Id<'order'> | undefined>>();
  return {
    follow(cartId, closing) {
      const running = closing();
      orderOf.delete(cartId);
      orderOf.set(
        cartId,
        running.then(
          ({ id }) => id,
          () => undefined,
        ),
      );
      const [oldest] = orderOf.keys();
      if (orderOf.size > REMEMBERED_MAX && oldest !== undefined) orderOf.delete(oldest);
      return running;
    },
    hasClosed: async (cartId, orderId) => (await orderOf.get(cartId)) === orderId,
  };
}
