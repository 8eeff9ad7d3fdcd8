import type { Database } from '@zoco/postgres';

const BATCH_MAX = 1000;

/**
 * Deletes carts that nobody touched for so many days: anonymous ones, and those that became an order or part of another
 * cart. Any number of replicas may do it. Resolves to how many went.
 */
export async function purgeCarts(db: Database, days: number): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await db.work(
      (tx) => tx.sql`
      delete from carts where (tenant_id, id) in (
        select tenant_id, id from carts
        where (user_id is null or status <> 'open')
          and created_at < now() - make_interval(days => ${days}) and updated_at < now() - make_interval(days => ${days})
        order by created_at limit ${BATCH_MAX})
      and updated_at < now() - make_interval(days => ${days})`,
    );
    total += deleted.count;
    if (deleted.count < BATCH_MAX) return total;
  }
}
