import { type Database, inBatches } from '@zoco/postgres';

/** Stripe lists events for 30 days; after that none can come again. */
const EVENT_DAYS = 40;

/** Forgets idempotency keys after their day and events that cannot come again. */
export async function purgeExpired(db: Database): Promise<void> {
  await inBatches(
    db,
    ({ sql }, rowsMax) => sql`
      delete from idempotency_keys where ctid = any(array(
        select ctid from idempotency_keys where expires_at < now() limit ${rowsMax}))`,
  );
  await inBatches(
    db,
    ({ sql }, rowsMax) => sql`
      delete from stripe_events where ctid = any(array(
        select ctid from stripe_events where received_at < now() - make_interval(days => ${EVENT_DAYS}) limit ${rowsMax}))`,
  );
}
