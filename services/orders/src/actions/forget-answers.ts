import { type Database, inBatches } from '@zoco/postgres';

/** Drops the answers of keys that are older than a day. The keys themselves stay: they never place a second order. */
export function forgetAnswers(db: Database): Promise<number> {
  return inBatches(
    db,
    ({ sql }, rowsMax) => sql`
      update idempotency_keys set body = null where ctid = any(array(
        select ctid from idempotency_keys where body is not null and expires_at < now() limit ${rowsMax}))`,
  );
}
