import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type ServiceName, streamOf } from '@zoco/contracts';
import type { Database } from '@zoco/postgres';
import { type OutboxRow, toMessage } from './envelope.ts';

const PAGE = 200;

/**
 * Publishes again, in order and with the same ids, what the outbox of `service` published since `since`. Inboxes make
 * it harmless: what a consumer has handled it skips. This is how a lost NATS store is refilled.
 * @returns how many events were published
 */
export async function replay(
  nc: NatsConnection,
  db: Database,
  service: ServiceName,
  since: Date,
  onProgress: (count: number) => void = () => {},
): Promise<number> {
  const js = jetstream(nc);
  let count = 0;
  for (let last = '0'; ;) {
    const rows = await db.work(
      (tx) => tx.sql<OutboxRow[]>`
        select seq, tenant_id, id, type, aggregate_id, aggregate_version, data, traceparent, created_at
        from outbox where published_at is not null and created_at >= ${since.toISOString()}::timestamptz
          and seq > ${last}::bigint
        order by seq limit ${PAGE}`,
    );
    for (const row of rows) {
      const { subject, payload } = toMessage(service, row);
      await js.publish(subject, payload, {
        msgID: row.id,
        timeout: 3000,
        expect: { streamName: streamOf(service) },
      });
      last = row.seq;
      count += 1;
    }
    onProgress(count);
    if (rows.length < PAGE) return count;
  }
}

/**
 * Publishes the open dead letters of `service` again; the consumer that failed on them tries anew, the others skip them.
 * @returns how many were sent
 */
export async function redrive(nc: NatsConnection, db: Database): Promise<number> {
  const js = jetstream(nc);
  return db.work(async (tx) => {
    const letters = await tx.sql<{ consumer: string; event_id: string; subject: string; payload: string }[]>`
      select consumer, event_id, subject, payload from dead_letters
      where redriven_at is null order by created_at limit 500 for update skip locked`;
    for (const letter of letters) {
      // A message id of its own: within two minutes JetStream would take the same one for a repetition.
      await js.publish(letter.subject, letter.payload, {
        msgID: `${letter.event_id}:${Date.now()}`,
        timeout: 3000,
      });
      await tx.sql`update dead_letters set redriven_at = now()
        where consumer = ${letter.consumer} and event_id = ${letter.event_id}`;
    }
    return letters.length;
  });
}
