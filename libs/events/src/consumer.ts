import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { durableOf, type ServiceName, streamOf } from '@zoco/contracts';
import { createBatches, retryDelayMs } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import type { Failpoint, Logger } from '@zoco/service';
import { deliver, type Incoming, type Subscription } from './deliver.ts';
import { deliverTogether } from './deliver-together.ts';
import { Poison, receive } from './delivery.ts';
import type { EventHandler } from './event-handler.ts';
import { createInboxMarks } from './inbox-marks.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { countFromZero } from './metrics.ts';
import { createTries } from './tries.ts';

export interface ConsumerOptions {
  readonly service: ServiceName;
  readonly db: Database;
  readonly log: Logger;
  readonly failpoint?: Failpoint;
  /** Deliveries handled at once, or batches of them; events of one aggregate always one after the other. Default 8. */
  readonly concurrency?: number;
}

const CONCURRENCY = 8;
/** How many come ahead; more are asked for when as many are left as can be handled at once. */
const PULL_MAX = 32;

/** Consumes one event through its durable consumer until the signal aborts; waits while NATS or the consumer is missing. */
export async function runConsumer(
  nc: NatsConnection,
  handler: EventHandler,
  options: ConsumerOptions,
  signal: AbortSignal,
): Promise<void> {
  const js = jetstream(nc);
  countFromZero(durableOf(options.service, handler.event));
  const tries = createTries();
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await pull(js, { handler, options, tries }, signal, () => (failures = 0));
    } catch (error) {
      if (failures === 5)
        options.log.warn(
          { err: error, consumer: durableOf(options.service, handler.event) },
          'cannot consume',
        );
    }
    await delay(200 + retryDelayMs(failures, 200, 5000, Math.random()), undefined, { signal }).catch(
      () => {},
    );
  }
}

async function pull(
  js: JetStreamClient,
  { handler, options, tries }: Pick<Subscription, 'handler' | 'options' | 'tries'>,
  signal: AbortSignal,
  onMessage: () => void,
): Promise<void> {
  const durable = durableOf(options.service, handler.event);
  const consumer = await js.consumers.get(streamOf(handler.event.producer), durable);
  const messages = await consumer.consume({
    max_messages: PULL_MAX,
    threshold_messages: CONCURRENCY,
    expires: 10_000,
    abort_on_missing_resource: true,
  });
  const stop = () => messages.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const line = createLine({
    durable,
    handler,
    options,
    tries,
    markHandled: createInboxMarks(options.db, durable),
  });
  try {
    for await (const message of messages) {
      onMessage();
      await line.add({ message, received: receive(message, handler.event) });
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await line.idle();
  }
}

/** Where deliveries wait for their turn. */
interface Line {
  /** Resolves when there is room for more. */
  add(incoming: Incoming): Promise<void>;
  idle(): Promise<void>;
}

function createLine(subscription: Subscription): Line {
  const concurrency = subscription.options.concurrency ?? CONCURRENCY;
  const { handleAll } = subscription.handler;
  if (handleAll === undefined) {
    const queue = createKeyedQueue(concurrency);
    return {
      add: (incoming) => queue.add(aggregateOf(incoming), () => deliver(incoming, subscription)),
      idle: () => queue.idle(),
    };
  }
  const batches = createBatches<Incoming>({
    run: (_tenant, batch) => deliverTogether(batch, handleAll, subscription),
    sizeMax: PULL_MAX,
    concurrency,
    apart: aggregateOf,
    gatherMs: subscription.handler.gatherMs,
  });
  return {
    add(incoming) {
      batches.add(tenantOf(incoming), incoming);
      return batches.belowCount(2 * PULL_MAX);
    },
    idle: () => batches.belowCount(1),
  };
}

/** What cannot be read has no order. */
const aggregateOf = ({ message, received }: Incoming) =>
  received instanceof Poison ? `unreadable-${message.seq}` : received.event.aggregateId;

const tenantOf = ({ received }: Incoming) => (received instanceof Poison ? '' : received.event.tenantId);
