import { createWaker } from '@zoco/kernel';
import { type BatchOptions, type Database, inBatches } from '@zoco/postgres';
import type { Logger } from '@zoco/service';

const FIRST_MS = 60_000;
const PURGE_MS = 3600_000;

/** Purges every hour until the signal aborts, beside the relay: what is to be published does not wait for what is over. */
export async function purgeHourly(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  const waker = createWaker(signal);
  // The first time is random, so that replicas do not march in step.
  let waitMs = FIRST_MS * (1 + Math.random());
  while (!signal.aborted) {
    await waker.sleep(waitMs);
    waitMs = PURGE_MS;
    try {
      await purge(db, { signal });
    } catch (error) {
      log.warn({ err: error }, 'events that are over could not be purged');
    }
  }
}

/** Deletes events that are over. Streams keep 14 days, inboxes one more: an event that is still in a stream is always known to the inbox. */
export async function purge(db: Database, options: BatchOptions = {}): Promise<void> {
  await purgeOutbox(db, options);
  await inBatches(
    db,
    ({ sql }, rowsMax) => sql`
      delete from inbox where ctid = any(array(
        select ctid from inbox where processed_at < now() - interval '15 days' limit ${rowsMax}))`,
    options,
  );
}

/** In the order of their numbers, which is nearly that of time, as there is no index by time. One that is never published holds up nobody. */
async function purgeOutbox(db: Database, options: BatchOptions): Promise<void> {
  let after = '0';
  await inBatches(
    db,
    async ({ sql }, rowsMax) => {
      const [purged] = await sql<{ last: string | null; removed: number }[]>`
        with oldest as materialized (
          select seq, published_at from outbox where seq > ${after}::bigint order by seq limit ${rowsMax}),
        removed as (
          delete from outbox where seq = any(array(
            select seq from oldest where published_at < now() - interval '14 days'))
          returning seq)
        select max(seq)::text as last, (select count(*)::int from removed) as removed from oldest`;
      after = purged?.last ?? after;
      // As long as some of them were over, there may be more behind these.
      return { count: purged !== undefined && purged.removed > 0 ? rowsMax : 0 };
    },
    options,
  );
}
