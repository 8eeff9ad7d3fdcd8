import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import { and, desc, eq, sql } from 'drizzle-orm';
import { favorites } from './schema.ts';

export type Favorite = Pick<typeof favorites.$inferSelect, 'productId' | 'createdAt'>;

/** Position in a list: the last row that was shown. */
export interface FavoriteKey {
  readonly createdAt: string;
  readonly productId: string;
}

/** Newest first; one more than `limit`. */
export function listFavorites(
  tx: ReadTx,
  userId: string,
  limit: number,
  after?: FavoriteKey,
): Promise<Favorite[]> {
  return tx.db
    .select({ productId: favorites.productId, createdAt: favorites.createdAt })
    .from(favorites)
    .where(
      and(
        eq(favorites.tenantId, tx.tenantId),
        eq(sql`${favorites.userId}`, userId),
        after &&
          sql`(${favorites.createdAt}, ${favorites.productId}) < (${after.createdAt}::timestamptz, ${after.productId})`,
      ),
    )
    .orderBy(desc(favorites.createdAt), desc(favorites.productId))
    .limit(limit + 1);
}

/** Adds one, if it is not there; gives how many there are now. */
export async function insertFavorite(tx: Tx, userId: string, productId: Id<'product'>): Promise<number> {
  const [, [row]] = await Promise.all([
    tx.sql`
      insert into favorites (tenant_id, user_id, product_id) values (${tx.tenantId}, ${userId}, ${productId})
      on conflict do nothing`,
    tx.sql<{ total: number }[]>`
      select count(*)::int as total from favorites where tenant_id = ${tx.tenantId} and user_id = ${userId}`,
  ]);
  return row?.total ?? 0;
}

export async function deleteFavorite(tx: Tx, userId: string, productId: string): Promise<void> {
  await tx.sql`
    delete from favorites where tenant_id = ${tx.tenantId} and user_id = ${userId} and product_id = ${productId}`;
}

/** Removes a product from the favorites and wishlists of everybody. */
export async function deleteProductEverywhere(tx: Tx, productId: string): Promise<void> {
  await Promise.all([
    tx.sql`delete from favorites where tenant_id = ${tx.tenantId} and product_id = ${productId}`,
    tx.sql`delete from wishlist_items where tenant_id = ${tx.tenantId} and product_id = ${productId}`,
  ]);
}
