import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamClient, jetstream, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import { durableOf, type EventDefinition, type ServiceName, streamOf } from '@zoco/contracts';
import { isTenantId, Problem, retryDelayMs } from '@zoco/kernel';
import type { Database, Tx } from '@zoco/postgres';
import { failSpan, type Failpoint, inSpan, type Logger, type SpanOptions } from '@zoco/service';
import { createInboxMarks, type MarkHandled } from './inbox-marks.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { countFromZero, eventLag, handled, handleDuration, redelivered } from './metrics.ts';
import { type Delivery, type Origin, Poison, receive, type Received } from './delivery.ts';

/**
 * Handles one event inside the transaction that also marks it as handled: it takes effect once, however often it is
 * delivered. Returns, if it likes, what to do after the commit; that may be lost in a crash, so it can only be a hint.
 */
export type Handle<E extends EventDefinition> = (tx: Tx, event: Received<E>) => Promise<void | (() => void)>;

/**
 * Whether all that `handle` would do is certain to be committed already. The event is then only noted in the inbox, together with
 * others.
 */
export type IsDone<E extends EventDefinition> = (event: Received<E>) => Promise<boolean>;

export interface EventHandler {
  readonly event: EventDefinition;
  readonly handle: Handle<EventDefinition>;
  readonly isDone?: IsDone<EventDefinition> | undefined;
}

/** Binds a handler to its event. */
export function on<E extends EventDefinition>(event: E, handle: Handle<E>, isDone?: IsDone<E>): EventHandler {
  // The runner parses with this very definition before it calls the handler.
  return { event, handle, isDone };
}

export interface ConsumerOptions {
  readonly service: ServiceName;
  readonly db: Database;
  readonly log: Logger;
  readonly failpoint?: Failpoint;
  /** Deliveries handled at once; events of one aggregate always one after the other. Default 8. */
  readonly concurrency?: number;
}

/** Delay before each further try; plain `nak` would redeliver at once. */
const RETRY_DELAYS_MS = [1000, 5000, 15_000, 60_000, 300_000, 900_000, 900_000];
const DELIVERIES_MAX = RETRY_DELAYS_MS.length + 1;
const CONCURRENCY = 8;
/** How many come ahead; more are asked for when as many are left as can be handled at once. */
const PULL_MAX = 32;
const RETRYABLE_KINDS = new Set(['unavailable', 'upstream_timeout', 'timeout', 'limited']);

/** Consumes one event through its durable consumer until the signal aborts; waits while NATS or the consumer is missing. */
export async function runConsumer(
  nc: NatsConnection,
  handler: EventHandler,
  options: ConsumerOptions,
  signal: AbortSignal,
): Promise<void> {
  const js = jetstream(nc);
  countFromZero(durableOf(options.service, handler.event));
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await pull(js, handler, options, signal, () => (failures = 0));
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

/** What the deliveries of one consumer have in common. */
interface Subscription {
  readonly durable: string;
  readonly handler: EventHandler;
  readonly options: ConsumerOptions;
  readonly markHandled: MarkHandled;
}

async function pull(
  js: JetStreamClient,
  handler: EventHandler,
  options: ConsumerOptions,
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
  const subscription = { durable, handler, options, markHandled: createInboxMarks(options.db, durable) };
  const queue = createKeyedQueue(options.concurrency ?? CONCURRENCY);
  try {
    for await (const message of messages) {
      onMessage();
      const received = receive(message, handler.event);
      // What cannot be read has no order.
      const key = received instanceof Poison ? `unreadable-${message.seq}` : received.event.aggregateId;
      await queue.add(key, () => deliver(message, received, subscription));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await queue.idle();
  }
}

async function deliver(
  message: JsMsg,
  received: Delivery | Poison,
  subscription: Subscription,
): Promise<void> {
  const { durable, handler, options } = subscription;
  const working = setInterval(() => message.working(), 2_000);
  const stop = handleDuration.startTimer({ consumer: durable });
  if (message.redelivered) redelivered.inc({ consumer: durable });
  try {
    if (received instanceof Poison) throw received;
    const { event, ...origin } = received;
    await inSpan(`process ${templateOf(handler.event)}`, spanOptions(origin), async (span) => {
      if (span.isRecording()) span.setAttributes(attributesOf(message, event, handler.event, durable));
      try {
        const outcome = await handleOnce(event, subscription);
        options.failpoint?.('after-handle-before-ack');
        message.ack();
        handled.inc({ consumer: durable, outcome });
      } catch (error) {
        failSpan(span, error);
        await fail(message, durable, error, options);
      }
    });
  } catch (error) {
    await fail(message, durable, error, options);
  } finally {
    clearInterval(working);
    stop();
  }
}

function spanOptions({ recorded, published }: Origin): SpanOptions {
  return {
    kind: SpanKind.CONSUMER,
    parent: published ?? recorded ?? '',
    ...(published !== undefined && recorded !== undefined ? { links: [recorded] } : {}),
  };
}

const templateOf = (event: EventDefinition) => `zoco.${event.producer}.${event.type}.{tenant}`;

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function attributesOf(
  message: JsMsg,
  event: Received<EventDefinition>,
  definition: EventDefinition,
  durable: string,
): Attributes {
  return {
    'messaging.system': 'nats',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': message.subject,
    'messaging.destination.template': templateOf(definition),
    'messaging.destination.subscription.name': durable,
    'messaging.consumer.group.name': durable,
    'messaging.message.id': event.id,
    'messaging.message.body.size': message.data.length,
    'zoco.delivery': message.info.deliveryCount,
  };
}

async function handleOnce(
  event: Received<EventDefinition>,
  { durable, handler, options, markHandled }: Subscription,
): Promise<'done' | 'duplicate'> {
  try {
    const hint = (await handler.isDone?.(event))
      ? await markHandled(event.tenantId, event.id)
      : await options.db.transact(event.tenantId, (tx) => markAndHandle(tx, durable, handler, event));
    eventLag.observe({ consumer: durable }, Math.max(0, (Date.now() - event.time.getTime()) / 1000));
    hint?.();
    return 'done';
  } catch (error) {
    if (error === DUPLICATE) return 'duplicate';
    throw error;
  }
}

/** Thrown to roll back what the handler began before it was known that the event had been handled. */
const DUPLICATE = new Error('the event has been handled before');

async function markAndHandle(
  tx: Tx,
  durable: string,
  { handle }: EventHandler,
  event: Received<EventDefinition>,
): Promise<void | (() => void)> {
  // Goes out in one packet with what the handler says first, and runs before it. Blocks while a twin is being handled.
  const marking = tx.sql`
    insert into inbox (tenant_id, consumer, event_id) values (${event.tenantId}, ${durable}, ${event.id})
    on conflict do nothing`.execute();
  const handling = handle(tx, event);
  handling.catch(() => {});
  const { count } = await marking;
  if (count === 0) throw DUPLICATE;
  return handling;
}

async function fail(
  message: JsMsg,
  durable: string,
  error: unknown,
  options: ConsumerOptions,
): Promise<void> {
  const deliveries = message.info.deliveryCount;
  const hopeless = error instanceof Poison || (error instanceof Problem && !RETRYABLE_KINDS.has(error.kind));
  const log = options.log.child({ consumer: durable, deliveries, subject: message.subject });
  if (!hopeless && deliveries < DELIVERIES_MAX) {
    log.warn({ err: error }, 'event will be tried again');
    handled.inc({ consumer: durable, outcome: 'retried' });
    message.nak(RETRY_DELAYS_MS[deliveries - 1] ?? 1000);
    return;
  }
  log.error({ err: error }, 'event is parked as a dead letter');
  try {
    await park(message, durable, error, options.db);
    handled.inc({ consumer: durable, outcome: 'dead' });
    message.term();
  } catch (parkError) {
    // Nothing is lost: the event comes again.
    log.error({ err: parkError }, 'dead letter could not be written');
    message.nak(5000);
  }
}

async function park(message: JsMsg, durable: string, error: unknown, db: Database): Promise<void> {
  const tenant = message.subject.split('.').at(-1);
  if (!isTenantId(tenant)) throw new Error('the subject names no tenant');
  const eventId = message.headers?.get('Nats-Msg-Id') || `${message.info.stream}:${message.seq}`;
  const text = error instanceof Error ? error.message : String(error);
  const payload = message.string().replaceAll('\0', '');
  await db.transact(
    tenant,
    (tx) => tx.sql`
    insert into dead_letters (tenant_id, consumer, event_id, subject, payload, error, attempts)
    values (${tenant}, ${durable}, ${eventId}, ${message.subject}, ${payload}, ${text.slice(0, 2000)}, ${message.info.deliveryCount})
    on conflict (tenant_id, consumer, event_id) do update
      set error = excluded.error, attempts = excluded.attempts, redriven_at = null`,
  );
}
