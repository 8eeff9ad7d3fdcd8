import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { LINES_MAX, QUANTITY_MAX } from '../rules/limits.ts';
import { type CartOwner, isOpenCartOf } from './carts.ts';

/** Opens the owner's cart, or locks the one that is open. False when an anonymous cart is no longer one. */
export async function openCart(tx: Tx, owner: CartOwner, newCartId: Id<'cart'>): Promise<boolean> {
  const rows =
    owner.kind === 'user'
      ? await tx.sql`
          insert into carts (tenant_id, id, user_id) values (${tx.tenantId}, ${newCartId}, ${owner.userId})
          on conflict (tenant_id, user_id) where status = 'open' do update set updated_at = now()
          returning 1`
      : await tx.sql`
          insert into carts (tenant_id, id) values (${tx.tenantId}, ${owner.cartId})
          on conflict (tenant_id, id) do update set updated_at = now()
          where carts.user_id is null and carts.status = 'open'
          returning 1`;
  return rows.length === 1;
}

export interface PutResult {
  readonly cart_id: Id<'cart'>;
  /** False when nothing (or nothing that can be sold) is known of the product. */
  readonly product_known: boolean;
  /** Quantity of the line now; null when a limit refused it. */
  readonly quantity: number | null;
  /** What the cart held before. */
  readonly held_quantity: number;
  readonly line_count: number;
  readonly unit_count: number;
}

/**
 * Adds units of a product to the owner's cart, at the price that is known. The cart must be locked (`openCart`), so that
 * the limits hold against other adds at the same time. Undefined when there is no open cart.
 */
export async function putItem(
  tx: Tx,
  owner: CartOwner,
  productId: string,
  quantity: number,
): Promise<PutResult | undefined> {
  const [row] = await tx.sql<PutResult[]>`
    with cart as (select id from carts where ${isOpenCartOf(tx, owner)}),
    held as (
      select count(*)::int as line_count, coalesce(sum(i.quantity), 0)::int as unit_count,
        coalesce(sum(i.quantity) filter (where i.product_id = ${productId}), 0)::int as quantity
      from cart join cart_items i on i.tenant_id = ${tx.tenantId} and i.cart_id = cart.id),
    known as (
      select price_cents from product_copies
      where tenant_id = ${tx.tenantId} and product_id = ${productId} and deleted_at is null),
    put as (
      insert into cart_items as i (tenant_id, cart_id, product_id, quantity, added_price_cents)
      select ${tx.tenantId}, cart.id, ${productId}, ${quantity}, known.price_cents
      from cart, held, known
      where (held.quantity > 0 or held.line_count < ${LINES_MAX}) and held.quantity + ${quantity}::int <= ${QUANTITY_MAX}
      on conflict (tenant_id, cart_id, product_id) do update
        set quantity = i.quantity + excluded.quantity, added_price_cents = excluded.added_price_cents
      returning i.quantity)
    select cart.id as cart_id, exists (select from known) as product_known, put.quantity, held.quantity as held_quantity,
      held.line_count, held.unit_count
    from cart cross join held left join put on true`;
  return row;
}

/** Sets the quantity of a line and takes over the price that is known now. False when the cart has no such line. */
export async function setQuantity(
  tx: Tx,
  owner: CartOwner,
  productId: string,
  quantity: number,
): Promise<boolean> {
  const [, changed] = await Promise.all([
    touchCart(tx, owner),
    tx.sql`
      update cart_items i
      set quantity = ${quantity}, added_price_cents = coalesce((
        select price_cents from product_copies p
        where p.tenant_id = ${tx.tenantId} and p.product_id = i.product_id), added_price_cents)
      where i.tenant_id = ${tx.tenantId} and i.product_id = ${productId}
        and i.cart_id = (select id from carts where ${isOpenCartOf(tx, owner)})`,
  ]);
  return changed.count === 1;
}

/** Takes one product out of the cart, or all of them. False when there was nothing to take out. */
export async function removeItems(tx: Tx, owner: CartOwner, productId?: string): Promise<boolean> {
  const [, removed] = await Promise.all([
    touchCart(tx, owner),
    tx.sql`
      delete from cart_items
      where tenant_id = ${tx.tenantId} and cart_id = (select id from carts where ${isOpenCartOf(tx, owner)})
        ${productId === undefined ? tx.sql`` : tx.sql`and product_id = ${productId}`}`,
  ]);
  return removed.count > 0;
}

/** Locks the cart, so that a checkout which closes it sees either none or all of the change. */
function touchCart(tx: Tx, owner: CartOwner) {
  return tx.sql`update carts set updated_at = now() where ${isOpenCartOf(tx, owner)}`;
}
