import type { Database, WorkerTx } from '@zoco/postgres';

const BATCH = 1000;

/** Deletes, in batches, what time has made worthless: sessions, refresh tokens, counters of failures, addresses. */
export async function removeExpired(db: Database): Promise<void> {
  const batches: ((tx: WorkerTx) => Promise<{ count: number }>)[] = [
    (tx) => tx.sql`
      delete from sessions where ctid = any(array(select ctid from sessions where expires_at < now() limit ${BATCH}))`,
    (tx) => tx.sql`
      delete from refresh_tokens where ctid = any(array(
        select ctid from refresh_tokens where expires_at < now() limit ${BATCH}))`,
    (tx) => tx.sql`
      delete from login_failures where ctid = any(array(
        select ctid from login_failures where last_at < now() - interval '1 day' limit ${BATCH}))`,
    (tx) => tx.sql`
      delete from known_addresses where ctid = any(array(
        select ctid from known_addresses where last_seen_at < now() - interval '180 days' limit ${BATCH}))`,
  ];
  for (const batch of batches) {
    for (let removed = BATCH; removed === BATCH;) removed = (await db.work(batch)).count;
  }
}
