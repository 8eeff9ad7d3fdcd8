import type { Database, WorkerTx } from '@zoco/postgres';

const BATCH = 1000;

/** Deletes events that are over. Streams keep 14 days, inboxes one more: an event that is still in a stream is always known to the inbox. */
export async function purge(db: Database, batch = BATCH): Promise<void> {
  await purgeOutbox(db, batch);
  for (let removed = batch; removed === batch;)
    removed = (await db.work((tx) => purgeInbox(tx, batch))).count;
}

/** In the order of their numbers, which is nearly that of time, as there is no index by time. One that is never published holds up nobody. */
async function purgeOutbox(db: Database, batch: number): Promise<void> {
  let after: string | null = '0';
  while (after !== null) {
    const [purged]: { last: string | null; removed: number }[] = await db.work(
      ({ sql }) => sql<{ last: string | null; removed: number }[]>`
        with oldest as (select seq, published_at from outbox where seq > ${after}::bigint order by seq limit ${batch}),
        removed as (
          delete from outbox where seq in (select seq from oldest where published_at < now() - interval '14 days')
          returning seq)
        select max(seq)::text as last, (select count(*)::int from removed) as removed from oldest`,
    );
    after = purged === undefined || purged.removed === 0 ? null : purged.last;
  }
}

const purgeInbox = ({ sql }: WorkerTx, batch: number) => sql`
  delete from inbox where ctid = any(array(
    select ctid from inbox where processed_at < now() - interval '15 days' limit ${batch}))`;
