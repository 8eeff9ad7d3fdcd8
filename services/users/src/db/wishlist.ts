import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import { and, desc, eq, sql } from 'drizzle-orm';
import { wishlistItems } from './schema.ts';

export type Wish = Pick<typeof wishlistItems.$inferSelect, 'productId' | 'priority' | 'createdAt'>;

/** Position in a list: the last row that was shown. */
export interface WishKey {
  readonly priority: number;
  readonly createdAt: string;
  readonly productId: string;
}

const columns = {
  productId: wishlistItems.productId,
  priority: wishlistItems.priority,
  createdAt: wishlistItems.createdAt,
};

/** Most wanted first, then newest; one more than `limit`. */
export function listWishes(tx: ReadTx, userId: string, limit: number, after?: WishKey): Promise<Wish[]> {
  return tx.db
    .select(columns)
    .from(wishlistItems)
    .where(
      and(
        eq(wishlistItems.tenantId, tx.tenantId),
        eq(sql`${wishlistItems.userId}`, userId),
        after &&
          sql`(${wishlistItems.priority}, ${wishlistItems.createdAt}, ${wishlistItems.productId})
            < (${after.priority}::smallint, ${after.createdAt}::timestamptz, ${after.productId})`,
      ),
    )
    .orderBy(desc(wishlistItems.priority), desc(wishlistItems.createdAt), desc(wishlistItems.productId))
    .limit(limit + 1);
}

/** Adds a wish or gives it another priority. */
export async function upsertWish(
  tx: Tx,
  userId: Id<'user'>,
  productId: Id<'product'>,
  priority: number,
): Promise<Wish | undefined> {
  const [wish] = await tx.db
    .insert(wishlistItems)
    .values({ tenantId: tx.tenantId, userId, productId, priority })
    .onConflictDoUpdate({
      target: [wishlistItems.tenantId, wishlistItems.userId, wishlistItems.productId],
      set: { priority },
    })
    .returning(columns);
  return wish;
}

export async function countWishes(tx: ReadTx, userId: string): Promise<number> {
  const [row] = await tx.sql<{ total: number }[]>`
    select count(*)::int as total from wishlist_items where tenant_id = ${tx.tenantId} and user_id = ${userId}`;
  return row?.total ?? 0;
}

export async function deleteWish(tx: Tx, userId: string, productId: string): Promise<void> {
  await tx.sql`
    delete from wishlist_items
    where tenant_id = ${tx.tenantId} and user_id = ${userId} and product_id = ${productId}`;
}
