import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import {
  durableOf,
  EVENTS,
  HANDLES,
  SERVICE_NAMES,
  type ServiceName,
  streamOf,
  subjectOf,
} from '@zoco/contracts';

const DAY_MS = 24 * 3600 * 1000;
const NAME_IN_USE = 10_058;

export interface ProvisionOptions {
  /** Servers that keep each stream: 1 on one machine, 3 on a cluster of three. */
  readonly replicas?: number;
  /** Bytes at which a stream refuses more; a server reserves them for each stream. */
  readonly streamBytesMax?: number;
}

/**
 * Creates every stream and durable consumer of the call graph, or brings them up to date. Services only bind to them, so their
 * NATS users need no right to create anything.
 */
export async function provisionStreams(nc: NatsConnection, options: ProvisionOptions = {}): Promise<void> {
  for (const service of SERVICE_NAMES) await provisionService(nc, service, options);
}

/**
 * The part of one service: its own stream and its durables. A stream of another producer that is not there yet is made too, for
 * a durable needs one and nobody knows who comes first; one that is there is left to its owner.
 */
export async function provisionService(
  nc: NatsConnection,
  service: ServiceName,
  options: ProvisionOptions = {},
): Promise<void> {
  const jsm = await jetstreamManager(nc);
  if (EVENTS.some((event) => event.producer === service)) {
    await ensureStream(jsm, streamConfig(service, options));
  }
  for (const producer of new Set(HANDLES[service].map((event) => event.producer))) {
    await ensureExists(jsm, streamConfig(producer, options));
  }
  for (const event of HANDLES[service]) {
    await jsm.consumers.add(streamOf(event.producer), consumerConfig(service, event));
  }
}

/** The same text as long as `provisionService` would make the same things. */
export function describeProvision(service: ServiceName, options: ProvisionOptions = {}): string {
  const streams = [service, ...HANDLES[service].map((event) => event.producer)];
  return JSON.stringify([
    ...[...new Set(streams)].map((producer) => streamConfig(producer, options)),
    ...HANDLES[service].map((event) => consumerConfig(service, event)),
  ]);
}

function streamConfig(
  producer: ServiceName,
  options: ProvisionOptions,
): Partial<StreamConfig> & { name: string } {
  return {
    name: streamOf(producer),
    subjects: [`zoco.${producer}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: options.replicas ?? 1,
    max_age: nanos(14 * DAY_MS),
    max_bytes: options.streamBytesMax ?? 1024 ** 3,
    // An order of 1,200 lines with names of 200 characters; NATS itself takes 1 MiB.
    max_msg_size: 512 * 1024,
    // A full stream refuses new events, which wait in the outbox; `old` would drop what nobody has consumed yet.
    discard: DiscardPolicy.New,
    duplicate_window: nanos(120_000),
    deny_delete: true,
    deny_purge: true,
  };
}

function consumerConfig(consumer: ServiceName, event: (typeof EVENTS)[number]): Partial<ConsumerConfig> {
  return {
    durable_name: durableOf(consumer, event),
    filter_subject: subjectOf(event, '*'),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    // How long an event waits that was in the hands of a process that died; live ones say `working` every two seconds.
    ack_wait: nanos(6_000),
    max_ack_pending: 64,
    // After eight failed tries the consumer itself parks the event as a dead letter. A limit of the server would drop, silently, what
    // comes while the database is away.
    max_deliver: -1,
  };
}

type NamedStream = Partial<StreamConfig> & { name: string };

async function ensureStream(jsm: JetStreamManager, config: NamedStream): Promise<void> {
  if (!(await addStream(jsm, config))) await jsm.streams.update(config.name, config);
}

async function ensureExists(jsm: JetStreamManager, config: NamedStream): Promise<void> {
  await addStream(jsm, config);
}

/** False when a stream of that name exists and differs. */
async function addStream(jsm: JetStreamManager, config: NamedStream): Promise<boolean> {
  try {
    await jsm.streams.add(config);
    return true;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== NAME_IN_USE) throw error;
    return false;
  }
}
