import { productLookup } from '@zoco/contracts';
import { CallOutcomeUnknown, type CallService, type Ctx } from '@zoco/service';
import { type CartOwner, findCart } from '../db/carts.ts';
import { type LiveProduct, priceCart, type StoredLine } from '../rules/cart-totals.ts';

/** The owner's cart as it would be bought now; with the last known prices when catalog does not answer. */
export async function showCart(ctx: Ctx, call: CallService, owner: CartOwner | undefined) {
  const cart = owner && (await ctx.read((tx) => findCart(tx, owner)));
  const lines = cart?.lines ?? [];
  const live = await lookUp(ctx, call, lines);
  return {
    id: cart?.id ?? null,
    currency: ctx.tenant.currency,
    prices_include_tax: ctx.tenant.prices_include_tax,
    ...priceCart(lines, live, ctx.tenant.currency),
  };
}

async function lookUp(
  ctx: Ctx,
  call: CallService,
  lines: readonly StoredLine[],
): Promise<ReadonlyMap<string, LiveProduct> | undefined> {
  if (lines.length === 0) return new Map();
  try {
    const { data } = await call('lookupProducts', productLookup, {
      body: { product_ids: lines.map((line) => line.product_id) },
      tenantId: ctx.tenantId,
      retries: 1,
    });
    return new Map(data.map((product) => [product.product_id, product]));
  } catch (error) {
    if (!(error instanceof CallOutcomeUnknown)) throw error;
    ctx.log.warn({ err: error }, 'cart is shown with the last known prices');
    return undefined;
  }
}
