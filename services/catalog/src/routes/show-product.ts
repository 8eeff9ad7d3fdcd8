import type { Context } from 'hono';
import type { AppEnv, Ctx } from '@zoco/service';
import { findProducts, type ProductRow } from '../db/products.ts';
import type { CachedAnswer, ProductCache } from '../product-cache.ts';
import { isFresh, productEtag } from '../rules/etag.ts';
import { productNotFound } from '../rules/product.ts';
import { isStaff } from './product-schema.ts';

/**
 * A product on sale: from memory for everybody, from the database for staff, who act on what they see.
 * @throws Problem `product_not_found`
 */
export async function readProduct(ctx: Ctx, cache: ProductCache, id: string): Promise<ProductRow> {
  const load = (ids: readonly string[]) => ctx.read((tx) => findProducts(tx, ids));
  const [row] = isStaff(ctx) ? await load([id]) : await cache.products(ctx.tenantId, [id], load);
  if (row === undefined) throw productNotFound();
  return row;
}

/** The answer of a list: from memory for everybody, worked out anew for staff. */
export async function readAnswer<T extends object>(
  ctx: Ctx,
  cache: ProductCache,
  asked: readonly unknown[],
  compute: () => Promise<T>,
): Promise<{ answer: T; etag: string | undefined }> {
  if (isStaff(ctx)) return { answer: await compute(), etag: undefined };
  const name = JSON.stringify([ctx.tenant.version, ...asked]);
  const known: CachedAnswer<T> = await cache.answer(ctx.tenantId, name, compute);
  return known;
}

/** Sets the headers of a product's state; true when the reader has it already and 304 is the answer. */
export function setProductHeaders(c: Context<AppEnv>, row: ProductRow): boolean {
  const { ctx } = c.var;
  const etag = productEtag({
    version: row.version,
    stockVersion: row.stock_version,
    tenantVersion: ctx.tenant.version,
    staff: isStaff(ctx),
  });
  return setCacheHeaders(c, etag);
}

/**
 * Lets caches keep the answer and ask each time whether it still holds: a price that changed is never shown again.
 * @returns whether the reader has it already
 */
export function setCacheHeaders(c: Context<AppEnv>, etag: string | undefined): boolean {
  c.header('vary', 'Authorization, X-Tenant');
  c.header('cache-control', c.var.ctx.principal === undefined ? 'public, no-cache' : 'private, no-cache');
  if (etag === undefined) return false;
  c.header('etag', etag);
  return isFresh(c.req.header('if-none-match'), etag);
}
