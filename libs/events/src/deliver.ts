import type { JsMsg } from '@nats-io/jetstream';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { EventDefinition } from '@zoco/contracts';
import { isTenantId, Problem, type TenantId } from '@zoco/kernel';
import { type Database, isDatabaseAway, type Tx } from '@zoco/postgres';
import { failSpan, inSpan, type Logger, type SpanOptions } from '@zoco/service';
import type { ConsumerOptions } from './consumer.ts';
import { type Delivery, type Origin, Poison, type Received } from './delivery.ts';
import type { EventHandler } from './event-handler.ts';
import type { MarkHandled } from './inbox-marks.ts';
import { eventLag, handled, handleDuration, redelivered } from './metrics.ts';
import type { Tries } from './tries.ts';

/** What the deliveries of one consumer have in common. */
export interface Subscription {
  readonly durable: string;
  readonly handler: EventHandler;
  readonly options: ConsumerOptions;
  readonly markHandled: MarkHandled;
  readonly tries: Tries;
}

/** A message, and what it says. */
export interface Incoming {
  readonly message: JsMsg;
  readonly received: Delivery | Poison;
}

/** Delay before each further try; plain `nak` would redeliver at once. After the last one the event is parked. */
const RETRY_DELAYS_MS = [1000, 5000, 15_000, 60_000, 300_000, 900_000, 900_000];
/** A dead letter that cannot be written, though the database is there, is a fault that somebody has to mend. */
const PARK_AGAIN_MS = 300_000;
/** Where the database is away, nothing else can be done either: short, or events in hand would keep new ones out for long afterwards. */
const AWAY_DELAY_MS = { min: 2000, spread: 3000 };
const RETRYABLE_KINDS = new Set(['unavailable', 'upstream_timeout', 'timeout', 'limited']);
/** The wait for an acknowledgement (six seconds) begins anew with each. */
export const WORKING_MS = 2_000;

/** Handles one delivery to its end: acknowledged, to be tried again, or parked. Never rejects. */
export async function deliver({ message, received }: Incoming, subscription: Subscription): Promise<void> {
  const { durable, handler, options } = subscription;
  const working = setInterval(() => message.working(), WORKING_MS);
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
        subscription.tries.forget(message);
        handled.inc({ consumer: durable, outcome });
      } catch (error) {
        failSpan(span, error);
        await fail(message, error, subscription);
      }
    });
  } catch (error) {
    await fail(message, error, subscription);
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
    observeLag(durable, event);
    hint?.();
    return 'done';
  } catch (error) {
    if (error === DUPLICATE) return 'duplicate';
    throw error;
  }
}

export function observeLag(durable: string, event: Received<EventDefinition>): void {
  eventLag.observe({ consumer: durable }, Math.max(0, (Date.now() - event.time.getTime()) / 1000));
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
  error: unknown,
  { durable, options, tries }: Subscription,
): Promise<void> {
  const { deliveryCount: deliveries } = message.info;
  const log = options.log.child({ consumer: durable, deliveries, subject: message.subject });
  if (isDatabaseAway(error)) {
    postpone(message, durable, error, log);
    return;
  }
  const hopeless = error instanceof Poison || (error instanceof Problem && !RETRYABLE_KINDS.has(error.kind));
  const delayMs = hopeless ? undefined : RETRY_DELAYS_MS[tries.fail(message) - 1];
  if (delayMs !== undefined) {
    log.warn({ err: error }, 'event will be tried again');
    handled.inc({ consumer: durable, outcome: 'retried' });
    message.nak(delayMs);
    return;
  }
  try {
    const tenant = message.subject.split('.').at(-1);
    if (isTenantId(tenant)) {
      await park(message, tenant, durable, error, options.db);
      log.error({ err: error }, 'event is parked as a dead letter');
    } else {
      // Sent by hand or by something faulty: nobody's, so there is no place to keep it, and it must not keep out the others.
      log.error({ err: error, seq: message.seq }, 'event names no tenant; only its stream has it');
    }
    handled.inc({ consumer: durable, outcome: 'dead' });
    tries.forget(message);
    message.term();
  } catch (parkError) {
    // Nothing is lost: the event comes again.
    if (isDatabaseAway(parkError)) {
      postpone(message, durable, parkError, log);
      return;
    }
    log.error({ err: parkError }, 'dead letter could not be written');
    message.nak(PARK_AGAIN_MS);
  }
}

/** It is nobody's fault and counts as no try. */
function postpone(message: JsMsg, durable: string, error: unknown, log: Logger): void {
  log.debug({ err: error }, 'event waits for the database');
  handled.inc({ consumer: durable, outcome: 'postponed' });
  message.nak(AWAY_DELAY_MS.min + Math.floor(Math.random() * AWAY_DELAY_MS.spread));
}

async function park(
  message: JsMsg,
  tenant: TenantId,
  durable: string,
  error: unknown,
  db: Database,
): Promise<void> {
  const eventId = message.headers?.get('Nats-Msg-Id') || `${message.info.stream}:${message.seq}`;
  const text = (error instanceof Error ? error.message : String(error)).replaceAll('\0', '');
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
