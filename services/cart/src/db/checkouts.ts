import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { Quantity } from '../rules/leftovers.ts';

export interface CheckoutKey {
  readonly userId: Id<'user'>;
  readonly key: string;
}

export interface Checkout {
  readonly cart_id: Id<'cart'>;
  readonly fingerprint: string;
  readonly items: readonly Quantity[];
  /** Set when the checkout is done. */
  readonly order_id: Id<'order'> | null;
  /** Whether this call holds the cart for the checkout. */
  readonly held: boolean;
}

/**
 * Freezes the items of the user's open cart under the key and holds the cart, so that a checkout with another key waits
 * until the outcome of this one is known. A key that was used before keeps what it froze then.
 * One statement: the hold is a compare-and-set on the cart's row, so of two keys that race one gets it.
 */
export async function freezeCheckout(
  tx: Tx,
  { userId, key }: CheckoutKey,
  fingerprint: string,
  holdSeconds: number,
): Promise<Checkout | undefined> {
  const [row] = await tx.sql<Checkout[]>`
    with known as (
      select cart_id, fingerprint, items, order_id from checkouts
      where tenant_id = ${tx.tenantId} and user_id = ${userId} and key = ${key}),
    held as (
      update carts set checkout_key = ${key}, checkout_until = now() + make_interval(secs => ${holdSeconds})
      where tenant_id = ${tx.tenantId} and user_id = ${userId} and status = 'open'
        and (checkout_key is null or checkout_key = ${key} or checkout_until <= now())
        and case when exists (select from known)
          then id = (select cart_id from known where order_id is null)
          else exists (select from cart_items i where i.tenant_id = carts.tenant_id and i.cart_id = carts.id) end
      returning id),
    frozen as (
      insert into checkouts (tenant_id, user_id, key, cart_id, fingerprint, items)
      select ${tx.tenantId}, ${userId}, ${key}, held.id, ${fingerprint}, (
        select jsonb_agg(jsonb_build_object('product_id', i.product_id, 'quantity', i.quantity)
          order by i.created_at, i.product_id)
        from cart_items i where i.tenant_id = ${tx.tenantId} and i.cart_id = held.id)
      from held where not exists (select from known)
      on conflict do nothing
      returning cart_id, fingerprint, items, order_id)
    select known.*, exists (select from held) as held from known union all select frozen.*, true from frozen`;
  return row;
}

/** What keeps the user's open cart from being checked out. */
export async function findHindrance(
  tx: ReadTx,
  userId: Id<'user'>,
): Promise<{ readonly checkout_key: string | null; readonly is_empty: boolean } | undefined> {
  const [row] = await tx.sql<{ checkout_key: string | null; is_empty: boolean }[]>`
    select case when checkout_until > now() then checkout_key end as checkout_key, not exists (
      select from cart_items i where i.tenant_id = c.tenant_id and i.cart_id = c.id) as is_empty
    from carts c where tenant_id = ${tx.tenantId} and user_id = ${userId} and status = 'open'`;
  return row;
}

export interface ClosedCart {
  readonly user_id: Id<'user'>;
  readonly lines: readonly CartLine[];
}

export interface CartLine extends Quantity {
  readonly added_price_cents: number;
  readonly created_at: string;
}

/** A cart that became an order. */
export interface OrderedCart {
  readonly cartId: Id<'cart'>;
  readonly orderId: Id<'order'>;
  /** The key that did it; undefined when only the order is known. */
  readonly key: string | undefined;
}

/**
 * Closes a cart that became an order, and its checkout. When it is not known which of several keys made the order, all stay open: orders
 * tells them apart when they are repeated. Undefined when the cart was closed before.
 */
export async function closeCart(
  tx: Tx,
  { cartId, orderId, key }: OrderedCart,
): Promise<ClosedCart | undefined> {
  const isTheOne =
    key === undefined
      ? tx.sql`not exists (
          select from checkouts o
          where o.tenant_id = k.tenant_id and o.user_id = k.user_id and o.cart_id = k.cart_id and o.key <> k.key)`
      : tx.sql`k.key = ${key}`;
  const [[closed], lines] = await Promise.all([
    tx.sql<{ user_id: Id<'user'> }[]>`
      with closed as (
        update carts set status = 'checked_out', order_id = ${orderId}, updated_at = now(), checkout_until = null
        where tenant_id = ${tx.tenantId} and id = ${cartId} and status = 'open' and user_id is not null
        returning user_id),
      marked as (
        update checkouts k set order_id = ${orderId}, completed_at = now() from closed
        where k.tenant_id = ${tx.tenantId} and k.user_id = closed.user_id and ${isTheOne}
          and k.cart_id = ${cartId} and k.order_id is null)
      select user_id from closed`,
    // A statement of its own: only one that begins after the lock was got sees a line that was added meanwhile.
    tx.sql<CartLine[]>`
      select product_id, quantity, added_price_cents, created_at from cart_items
      where tenant_id = ${tx.tenantId} and cart_id = ${cartId}`,
  ]);
  return closed && { user_id: closed.user_id, lines };
}

/** Opens the user's next cart with lines that the order did not take. */
export async function openCartWith(
  tx: Tx,
  userId: Id<'user'>,
  cartId: Id<'cart'>,
  lines: readonly CartLine[],
): Promise<void> {
  await tx.sql`insert into carts (tenant_id, id, user_id) values (${tx.tenantId}, ${cartId}, ${userId})`;
  await tx.sql`
    insert into cart_items (tenant_id, cart_id, product_id, quantity, added_price_cents, created_at)
    select ${tx.tenantId}, ${cartId}, l.product_id, l.quantity, l.added_price_cents, l.created_at
    from jsonb_to_recordset(${JSON.stringify(lines)}::text::jsonb)
      as l(product_id text, quantity int, added_price_cents bigint, created_at timestamptz)`;
}

/** Forgets a checkout that was refused: the cart is free, and the key may be tried again with what it holds then. */
export async function releaseCheckout(
  tx: Tx,
  { userId, key }: CheckoutKey,
  cartId: Id<'cart'>,
): Promise<void> {
  await Promise.all([
    tx.sql`
      update carts set checkout_key = null, checkout_until = null
      where tenant_id = ${tx.tenantId} and id = ${cartId} and checkout_key = ${key} and status = 'open'`,
    tx.sql`
      delete from checkouts
      where tenant_id = ${tx.tenantId} and user_id = ${userId} and key = ${key} and order_id is null`,
  ]);
}
