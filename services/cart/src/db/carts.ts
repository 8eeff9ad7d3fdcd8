import type { Id } from '@zoco/kernel';
import type { ReadTx } from '@zoco/postgres';
import type { StoredLine } from '../rules/cart-totals.ts';

/** Whose cart: a user has one open cart, an anonymous one is known by its id. */
export type CartOwner =
  | { readonly kind: 'user'; readonly userId: Id<'user'> }
  | { readonly kind: 'anonymous'; readonly cartId: Id<'cart'> };

export interface StoredCart {
  readonly id: Id<'cart'>;
  readonly lines: readonly StoredLine[];
}

/** Condition that selects the owner's open cart. */
export function isOpenCartOf(tx: ReadTx, owner: CartOwner) {
  const owned =
    owner.kind === 'user'
      ? tx.sql`user_id = ${owner.userId}`
      : tx.sql`id = ${owner.cartId} and user_id is null`;
  return tx.sql`tenant_id = ${tx.tenantId} and status = 'open' and ${owned}`;
}

/** The owner's open cart with its lines in the order they came; undefined when there is none. */
export async function findCart(tx: ReadTx, owner: CartOwner): Promise<StoredCart | undefined> {
  const rows = await tx.sql<{ id: Id<'cart'>; line: StoredLine | null }[]>`
    with cart as (select id from carts where ${isOpenCartOf(tx, owner)})
    select cart.id, case when i.product_id is null then null else jsonb_build_object(
      'product_id', i.product_id, 'quantity', i.quantity, 'added_price_cents', i.added_price_cents,
      'added_at', to_char(i.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'copy', case when p.product_id is null then null else jsonb_build_object(
        'sku', p.sku, 'name', p.name, 'image_url', p.image_url, 'price_cents', p.price_cents,
        'currency', p.currency, 'deleted', p.deleted_at is not null) end) end as line
    from cart
    left join cart_items i on i.tenant_id = ${tx.tenantId} and i.cart_id = cart.id
    left join product_copies p on p.tenant_id = ${tx.tenantId} and p.product_id = i.product_id
    order by i.created_at, i.product_id`;
  const [first] = rows;
  if (first === undefined) return undefined;
  return { id: first.id, lines: rows.flatMap(({ line }) => (line === null ? [] : [line])) };
}
