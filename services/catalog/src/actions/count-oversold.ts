import type { Database } from '@zoco/postgres';

/** Products of all tenants of which more is reserved than there is. The table refuses them; this finds what came past it. */
export async function countOversold(db: Database): Promise<number> {
  const [row] = await db.work(
    (tx) => tx.sql<{ count: number }[]>`
      select count(*)::int as count from stock where reserved > on_hand or reserved < 0`,
  );
  return row?.count ?? 0;
}
