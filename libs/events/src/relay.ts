import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { SpanKind } from '@opentelemetry/api';
import { type ServiceName, streamOf } from '@zoco/contracts';
import { createWaker, retryDelayMs } from '@zoco/kernel';
import type { Database, WorkerTx } from '@zoco/postgres';
import { currentTraceparent, type Failpoint, inSpan, isSampled, type Logger } from '@zoco/service';
import { type OutboxRow, toMessage } from './envelope.ts';
import { published, publishFailures } from './metrics.ts';
import { OUTBOX_SIGNAL } from './record.ts';
import { OUTBOX_SHARDS } from './tables.ts';

export interface RelayOptions {
  readonly service: ServiceName;
  readonly db: Database;
  readonly log: Logger;
  readonly failpoint?: Failpoint;
  /** How long events wait for others while they keep coming; longer where nobody waits for them. Default 16. */
  readonly relayGatherMs?: number;
}

/** Any number that no other advisory lock in these databases has as its first half. */
const LOCK_SPACE = 7001;
const BATCH_MAX = 128;
// Below idle_in_transaction_session_timeout (10 s): a batch ends before Postgres would end it.
const BATCH_BUDGET_MS = 5000;
/** How long one transaction goes on while events keep coming. Marks become visible, and locks free, at its end. */
const TRANSACTION_MS = 1000;
/** How long it waits for the next event before it ends, and then for others to come along. */
const LULL_MS = 50;
const GATHER_MS = 2;
/** Waits for more others while events come all the time: a round trip to Postgres and back for each would be the most of its work. */
const GATHER_BUSY_MS = 16;
const ACK_TIMEOUT_MS = 3000;
const POLL_MS = 250;

/**
 * Publishes the outbox to JetStream until the signal aborts. Any number of replicas may run it: a shard belongs to whoever
 * holds its advisory lock, for the length of one transaction. Events of one aggregate go out one after the other, each
 * after the acknowledgement of the one before.
 */
export async function runRelay(
  nc: NatsConnection,
  options: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  const js = jetstream(nc);
  const waker = createWaker(signal);
  let failures = 0;
  // Every process relays what it records. What another one recorded and could not relay before it died is found by polling.
  const stopListening = options.db.onSignal(OUTBOX_SIGNAL, waker.wake);
  while (!signal.aborted) {
    try {
      let isBusy = false;
      const sent = await relayOnce(js, options, async () => {
        if (!(await waker.sleep(LULL_MS))) return false;
        await delay(isBusy ? (options.relayGatherMs ?? GATHER_BUSY_MS) : GATHER_MS);
        isBusy = true;
        return !signal.aborted;
      });
      failures = 0;
      if (sent < BATCH_MAX) await waker.sleep(POLL_MS);
    } catch (error) {
      if (failures % 10 === 3)
        options.log.warn({ err: error, failures }, 'the outbox cannot be published at the moment');
      publishFailures.inc();
      await waker.sleep(100 + retryDelayMs(failures, 100, 5000, Math.random()));
      failures += 1;
    }
  }
  stopListening();
}

/**
 * Publishes what is due in the shards that nobody else is publishing, until nothing more is.
 * @param lull waits for more; false ends the transaction, true looks again within it
 * @returns how many events went out
 */
export function relayOnce(
  js: JetStreamClient,
  options: RelayOptions,
  lull: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<number> {
  return options.db.work(
    async (tx) => {
      const endMs = performance.now() + TRANSACTION_MS;
      let count = 0;
      let sent: string[] = [];
      do {
        const rows = await markAndTake(tx, sent);
        const { done, failure } = await publishInOrder(js, options.service, rows);
        options.failpoint?.('after-publish-before-mark');
        if (failure !== undefined && count + done.length === 0)
          throw new Error('JetStream took no event of the batch', { cause: failure });
        sent = done;
        count += done.length;
        if (failure !== undefined) break;
      } while (performance.now() < endMs && (sent.length === BATCH_MAX || (count > 0 && (await lull()))));
      if (sent.length > 0) tx.defer(mark(tx, sent));
      return count;
    },
    // A mark that is lost means one more publication, which JetStream or the inbox knows for what it is.
    { durable: false },
  );
}

const mark = ({ sql }: WorkerTx, sent: readonly string[]) =>
  sql`update outbox set published_at = clock_timestamp() where seq = any(${sent}::bigint[])`;

/** One round trip: marks what went out, and takes what is due in the shards whose locks this transaction holds or gets. */
function markAndTake(tx: WorkerTx, sent: readonly string[]): Promise<readonly OutboxRow[]> {
  return tx.sql<OutboxRow[]>`
    with marked as (${mark(tx, sent)}),
    mine as materialized (
      select shard from generate_series(0, ${OUTBOX_SHARDS - 1}::int) as shard
      where pg_try_advisory_xact_lock(${LOCK_SPACE}, shard))
    select due.* from mine cross join lateral (
      select seq, tenant_id, id, type, aggregate_id, aggregate_version, data, traceparent, created_at
      from outbox
      where published_at is null and outbox.shard = mine.shard and seq <> all(${sent}::bigint[])
      order by seq limit ${BATCH_MAX}) as due
    order by due.seq limit ${BATCH_MAX}`;
}

/**
 * Publishes in waves: a wave holds at most one event per aggregate and goes out at once; what follows an event that failed
 * waits for the next batch.
 */
async function publishInOrder(
  js: JetStreamClient,
  service: ServiceName,
  rows: readonly OutboxRow[],
): Promise<{ done: string[]; failure: unknown }> {
  const done: string[] = [];
  const blocked = new Set<string>();
  const endMs = performance.now() + BATCH_BUDGET_MS;
  let failure: unknown;
  let rest = rows;
  while (rest.length > 0 && performance.now() < endMs) {
    const wave: OutboxRow[] = [];
    const later: OutboxRow[] = [];
    const inWave = new Set<string>();
    for (const row of rest) {
      if (blocked.has(row.aggregate_id)) continue;
      (inWave.has(row.aggregate_id) ? later : wave).push(row);
      inWave.add(row.aggregate_id);
    }
    const results = await Promise.allSettled(wave.map((row) => publish(js, service, row)));
    results.forEach((result, index) => {
      const row = wave[index];
      if (row === undefined) return;
      if (result.status === 'fulfilled') done.push(row.seq);
      else {
        failure = result.reason;
        blocked.add(row.aggregate_id);
      }
    });
    if (failure !== undefined && done.length === 0) break;
    rest = later;
  }
  return { done, failure };
}

async function publish(js: JetStreamClient, service: ServiceName, row: OutboxRow): Promise<void> {
  const { traceparent } = row;
  if (traceparent !== null && isSampled(traceparent)) await publishTraced(js, service, row, traceparent);
  else await send(js, service, toMessage(service, row), row.id);
  published.inc({ type: row.type });
}

/**
 * The envelope keeps the span that recorded the event, as it must never change; this span goes along as a header.
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
function publishTraced(
  js: JetStreamClient,
  service: ServiceName,
  row: OutboxRow,
  parent: string,
): Promise<void> {
  const message = toMessage(service, row);
  const template = `zoco.${service}.${row.type}.{tenant}`;
  const attributes = {
    'messaging.system': 'nats',
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': message.subject,
    'messaging.destination.template': template,
    'messaging.message.id': row.id,
    'messaging.message.body.size': Buffer.byteLength(message.payload),
  };
  return inSpan(`publish ${template}`, { kind: SpanKind.PRODUCER, attributes, parent }, () =>
    send(js, service, message, row.id, currentTraceparent()),
  );
}

async function send(
  js: JetStreamClient,
  service: ServiceName,
  { subject, payload }: ReturnType<typeof toMessage>,
  id: string,
  traceparent?: string,
): Promise<void> {
  const options = { msgID: id, timeout: ACK_TIMEOUT_MS, expect: { streamName: streamOf(service) } };
  if (traceparent === undefined) {
    await js.publish(subject, payload, options);
    return;
  }
  const header = headers();
  header.set('traceparent', traceparent);
  await js.publish(subject, payload, { ...options, headers: header });
}
