import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { durableOf, HANDLES, type ServiceName, streamOf } from '@zoco/contracts';
import type { Database } from '@zoco/postgres';
import { addMetricSample } from '@zoco/service';
import {
  consumerAckPending,
  consumerPending,
  deadLettersOpen,
  natsConnected,
  natsReconnects,
  outboxAge,
  outboxPending,
} from './metrics.ts';

/** Shows outbox and dead letters in the metrics, whether or not NATS is there. Dispose to stop. */
export function sampleOutbox(service: ServiceName, db: Database): Disposable {
  return addMetricSample({
    name: 'outbox',
    async take() {
      const { pending, age, letters } = await db.work(async (tx) => {
        const [[todo], dead] = await Promise.all([
          tx.sql<{ pending: number; age: number }[]>`
            select count(*)::int as pending,
                   coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as age
            from outbox where published_at is null`,
          tx.sql<{ consumer: string; count: number }[]>`
            select consumer, count(*)::int as count from dead_letters where redriven_at is null group by consumer`,
        ]);
        return { pending: todo?.pending ?? 0, age: todo?.age ?? 0, letters: dead };
      });
      outboxPending.set(pending);
      outboxAge.set(Math.max(0, age));
      deadLettersOpen.reset();
      for (const event of HANDLES[service]) deadLettersOpen.set({ consumer: durableOf(service, event) }, 0);
      for (const { consumer, count } of letters) deadLettersOpen.set({ consumer }, count);
    },
  });
}

/** Shows in the metrics how far the consumers of `service` are behind. Dispose to stop. */
export function sampleConsumers(service: ServiceName, nc: NatsConnection): Disposable {
  const { consumers } = jetstream(nc);
  return addMetricSample({
    name: 'consumers',
    async take() {
      await Promise.all(
        HANDLES[service].map(async (event) => {
          const durable = durableOf(service, event);
          // The question is part of getting hold of it.
          const info = await (await consumers.get(streamOf(event.producer), durable)).info(true);
          consumerPending.set({ consumer: durable }, info.num_pending);
          consumerAckPending.set({ consumer: durable }, info.num_ack_pending);
        }),
      );
    },
  });
}

/** Shows in the metrics whether the connection stands, until it is closed. */
export async function watchConnection(nc: NatsConnection): Promise<void> {
  natsConnected.set(1);
  for await (const { type } of nc.status()) {
    if (type === 'disconnect') natsConnected.set(0);
    if (type !== 'reconnect') continue;
    natsConnected.set(1);
    natsReconnects.inc();
  }
  natsConnected.set(0);
}
