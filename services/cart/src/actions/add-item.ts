import { productLookup } from '@zoco/contracts';
import { type Id, newId, Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import type { CallService, Ctx } from '@zoco/service';
import { openCart, putItem, type PutResult } from '../db/cart-items.ts';
import type { CartOwner } from '../db/carts.ts';
import { saveProducts } from '../db/product-copies.ts';
import { cartsCreated } from '../metrics.ts';
import { LINES_MAX, QUANTITY_MAX } from '../rules/limits.ts';

export interface AddedItem {
  readonly cartId: Id<'cart'>;
  readonly productId: string;
  /** Of the line, with what it held before. */
  readonly quantity: number;
  readonly lineCount: number;
  readonly unitCount: number;
}

/**
 * Puts a product into the owner's cart; without an owner, into a new anonymous one. Catalog is asked only about products
 * that no cart of the tenant ever held: changes of the others arrive as events.
 * @throws Problem `product_not_found`, `cart_lines_limit`, `cart_quantity_limit`
 * @throws CallOutcomeUnknown when catalog is needed and does not answer
 */
export async function addItem(
  ctx: Ctx,
  call: CallService,
  owner: CartOwner | undefined,
  item: { productId: string; quantity: number },
): Promise<AddedItem> {
  const target = owner ?? { kind: 'anonymous', cartId: newId('cart') };
  const sharing = { kind: 'add-item', key: target.kind === 'user' ? target.userId : target.cartId };
  const first = await ctx.transactTogether(sharing, (tx) => put(tx, target, item));
  if (first === 'closed') return addItem(ctx, call, undefined, item);
  if (first !== 'unknown') return first;
  const { data } = await call('lookupProducts', productLookup, {
    body: { product_ids: [item.productId] },
    tenantId: ctx.tenantId,
  });
  const second = await ctx.transact(async (tx) => {
    await saveProducts(tx, data);
    return put(tx, target, item);
  });
  if (second === 'closed') return addItem(ctx, call, undefined, item);
  if (second === 'unknown') throw new Problem('not_found', 'product_not_found', 'There is no such product.');
  return second;
}

async function put(
  tx: Tx,
  owner: CartOwner,
  item: { productId: string; quantity: number },
): Promise<AddedItem | 'closed' | 'unknown'> {
  const [, row] = await Promise.all([
    openCart(tx, owner, newId('cart')),
    putItem(tx, owner, item.productId, item.quantity),
  ]);
  if (row === undefined) return 'closed';
  if (row.quantity === null) {
    if (!row.product_known) return 'unknown';
    throw limitProblem(row, item.quantity);
  }
  if (row.line_count === 0) tx.onCommit(() => cartsCreated.inc());
  return {
    cartId: row.cart_id,
    productId: item.productId,
    quantity: row.quantity,
    lineCount: row.line_count + (row.held_quantity === 0 ? 1 : 0),
    unitCount: row.unit_count + item.quantity,
  };
}

function limitProblem(row: PutResult, quantity: number): Problem {
  return row.held_quantity + quantity > QUANTITY_MAX
    ? new Problem(
        'conflict',
        'cart_quantity_limit',
        `A cart takes at most ${QUANTITY_MAX} units of one product.`,
      )
    : new Problem('conflict', 'cart_lines_limit', `A cart takes at most ${LINES_MAX} different products.`);
}
