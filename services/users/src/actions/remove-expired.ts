import { type Database, inBatches, type WorkerTx } from '@zoco/postgres';

/** Deletes, in batches, what time has made worthless: sessions, refresh tokens, counters of failures, addresses. */
export async function removeExpired(db: Database): Promise<void> {
  const batches: ((tx: WorkerTx, rowsMax: number) => PromiseLike<{ count: number }>)[] = [
    ({ sql }, rowsMax) => sql`
      delete from sessions where ctid = any(array(select ctid from sessions where expires_at < now() limit ${rowsMax}))`,
    ({ sql }, rowsMax) => sql`
      delete from refresh_tokens where ctid = any(array(
        select ctid from refresh_tokens where expires_at < now() limit ${rowsMax}))`,
    ({ sql }, rowsMax) => sql`
      delete from login_failures where ctid = any(array(
        select ctid from login_failures where last_at < now() - interval '1 day' limit ${rowsMax}))`,
    ({ sql }, rowsMax) => sql`
      delete from known_addresses where ctid = any(array(
        select ctid from known_addresses where last_seen_at < now() - interval '180 days' limit ${rowsMax}))`,
  ];
  for (const batch of batches) await inBatches(db, batch);
}
