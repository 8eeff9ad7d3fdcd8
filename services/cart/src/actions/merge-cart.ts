import { type Id, newId } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import { openCart } from '../db/cart-items.ts';
import { LINES_MAX, QUANTITY_MAX } from '../rules/limits.ts';

/**
 * Moves what an anonymous cart holds into the cart of the user who signed in with its token. Quantities add up, within the
 * limits. Happens once: a cart that was merged, bought or purged before changes nothing.
 */
export async function mergeCart(ctx: Ctx, userId: Id<'user'>, anonymousCartId: Id<'cart'>): Promise<void> {
  await ctx.transact(async (tx) => {
    // Closing it first makes a second merge of the same cart wait, and then find nothing.
    const closed = await tx.sql`
      update carts set status = 'merged', updated_at = now()
      where tenant_id = ${tx.tenantId} and id = ${anonymousCartId} and user_id is null and status = 'open'
      returning 1`;
    if (closed.length === 0) return;
    await openCart(tx, { kind: 'user', userId }, newId('cart'));
    await tx.sql`
      with target as (
        select id from carts where tenant_id = ${tx.tenantId} and user_id = ${userId} and status = 'open'),
      incoming as (
        select a.*, t.cart_id is not null as known,
          row_number() over (partition by t.cart_id is null order by a.created_at, a.product_id) as place
        from cart_items a cross join target
        left join cart_items t on t.tenant_id = a.tenant_id and t.cart_id = target.id and t.product_id = a.product_id
        where a.tenant_id = ${tx.tenantId} and a.cart_id = ${anonymousCartId}),
      room as (
        select ${LINES_MAX} - count(*) as lines from cart_items i join target on i.cart_id = target.id
        where i.tenant_id = ${tx.tenantId})
      insert into cart_items as i (tenant_id, cart_id, product_id, quantity, added_price_cents, created_at)
      select n.tenant_id, target.id, n.product_id, n.quantity, n.added_price_cents, n.created_at
      from incoming n cross join target cross join room
      where n.known or n.place <= room.lines
      on conflict (tenant_id, cart_id, product_id) do update
        set quantity = least(i.quantity + excluded.quantity, ${QUANTITY_MAX})`;
  });
}
