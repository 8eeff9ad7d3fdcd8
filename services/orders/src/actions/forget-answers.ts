import type { Database } from '@zoco/postgres';

const BATCH_MAX = 1000;

/** Drops the answers of keys that are older than a day. The keys themselves stay: they never place a second order. */
export async function forgetAnswers(db: Database): Promise<number> {
  let forgotten = 0;
  for (let batch = BATCH_MAX; batch === BATCH_MAX; forgotten += batch) {
    const done = await db.work(
      (tx) => tx.sql`
        update idempotency_keys set body = null where ctid = any(array(
          select ctid from idempotency_keys where body is not null and expires_at < now() limit ${BATCH_MAX}))`,
    );
    batch = done.count;
  }
  return forgotten;
}
