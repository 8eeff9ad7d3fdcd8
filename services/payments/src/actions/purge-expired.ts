import type { Database } from '@zoco/postgres';

/** Stripe lists events for 30 days; after that none can come again. */
const EVENT_DAYS = 40;
const BATCH = 1000;

/** Forgets idempotency keys after their day and events that cannot come again. */
export async function purgeExpired(db: Database): Promise<void> {
  for (let removed = BATCH; removed === BATCH;) {
    removed = await db.work(async (tx) => {
      const keys = await tx.sql`
        delete from idempotency_keys where ctid = any(array(
          select ctid from idempotency_keys where expires_at < now() limit ${BATCH}))`;
      return keys.count;
    });
  }
  for (let removed = BATCH; removed === BATCH;) {
    removed = await db.work(async (tx) => {
      const events = await tx.sql`
        delete from stripe_events where ctid = any(array(
          select ctid from stripe_events where received_at < now() - make_interval(days => ${EVENT_DAYS}) limit ${BATCH}))`;
      return events.count;
    });
  }
}
