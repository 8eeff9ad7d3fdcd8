import { type Database, inBatches } from '@zoco/postgres';

/** Deletes checkouts of so many days ago: orders knows their keys, and refuses them. Any number of replicas may do it. */
export function purgeCheckouts(db: Database, days: number): Promise<number> {
  return inBatches(
    db,
    ({ sql }, rowsMax) => sql`
      delete from checkouts where ctid = any(array(
        select ctid from checkouts where created_at < now() - make_interval(days => ${days}) limit ${rowsMax}))`,
  );
}

/**
 * Deletes carts that nobody touched for so many days: anonymous ones, and those that became an order or part of another cart. Any number of
 * replicas may do it. Resolves to how many went.
 */
export function purgeCarts(db: Database, days: number): Promise<number> {
  return inBatches(
    db,
    ({ sql }, rowsMax) => sql`
      delete from carts where (tenant_id, id) in (
        select tenant_id, id from carts
        where (user_id is null or status <> 'open')
          and created_at < now() - make_interval(days => ${days}) and updated_at < now() - make_interval(days => ${days})
        order by created_at limit ${rowsMax})
      and updated_at < now() - make_interval(days => ${days})`,
  );
}
