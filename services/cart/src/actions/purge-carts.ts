import type { Database, WorkerTx } from '@zoco/postgres';

const BATCH_MAX = 1000;

/**
 * Deletes carts that nobody touched for so many days (anonymous ones, and those that became an order or part of another cart), and
 * checkouts that old. Any number of replicas may do it. Resolves to how many carts went.
 */
export async function purgeCarts(db: Database, days: number): Promise<number> {
  // Orders knows the keys of old checkouts, and refuses them.
  await inBatches(
    db,
    ({ sql }) => sql`
      delete from checkouts where (tenant_id, user_id, key) in (
        select tenant_id, user_id, key from checkouts
        where created_at < now() - make_interval(days => ${days}) limit ${BATCH_MAX})`,
  );
  return inBatches(
    db,
    ({ sql }) => sql`
      delete from carts where (tenant_id, id) in (
        select tenant_id, id from carts
        where (user_id is null or status <> 'open')
          and created_at < now() - make_interval(days => ${days}) and updated_at < now() - make_interval(days => ${days})
        order by created_at limit ${BATCH_MAX})
      and updated_at < now() - make_interval(days => ${days})`,
  );
}

async function inBatches(
  db: Database,
  deleteBatch: (tx: WorkerTx) => Promise<{ readonly count: number }>,
): Promise<number> {
  for (let total = 0; ;) {
    const { count } = await db.work(deleteBatch);
    total += count;
    if (count < BATCH_MAX) return total;
  }
}
