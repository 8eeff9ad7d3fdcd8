import type { Database } from '@zoco/postgres';

/** Orders of all tenants that wait for something, by status. */
export async function countOpenOrders(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db.work(
    (tx) => tx.sql<{ status: string; count: number }[]>`
      select status, count(*)::int as count from orders
      where status in ('pending', 'created', 'cancel_pending') group by status`,
  );
  return new Map(rows.map(({ status, count }) => [status, count]));
}
