import { setTimeout as delay } from 'node:timers/promises';
import { type ConsumerInfo, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { durableOf, EVENTS, HANDLES, SERVICE_NAMES, type ServiceName, streamOf } from '@zoco/contracts';
import { isMissing, openNats } from '../events/nats-session.ts';
import { reasonOf } from '../failure.ts';

export interface StreamFacts {
  readonly name: string;
  /** Undefined when it does not exist. */
  readonly state:
    | { readonly messages: number; readonly bytes: number; readonly bytesMax: number }
    | undefined;
}

export interface ConsumerFacts {
  readonly durable: string;
  readonly service: ServiceName;
  /** Undefined when it does not exist. */
  readonly lag: { readonly waiting: number; readonly inHand: number; readonly moves: boolean } | undefined;
}

/** What NATS said, or why it said nothing. */
export type NatsFacts =
  | { readonly fault: string }
  | {
      readonly host: string;
      readonly version: string;
      readonly streams: readonly StreamFacts[];
      readonly consumers: readonly ConsumerFacts[];
    };

// Long enough for a handler that works to acknowledge something, short enough for a person who waits.
const SECOND_LOOK_MS = 1000;

/** Looks at every stream and durable of the call graph; never throws. */
export async function probeNats(url: string): Promise<NatsFacts> {
  try {
    await using session = await openNats(url);
    const jsm = await jetstreamManager(session.nc);
    const producers = [...new Set(EVENTS.map((event) => event.producer))];
    const [streams, consumers] = await Promise.all([
      Promise.all(producers.map((producer) => probeStream(jsm, streamOf(producer)))),
      probeConsumers(jsm),
    ]);
    return { host: new URL(url).host, version: session.nc.info?.version ?? 'unknown', streams, consumers };
  } catch (error) {
    return { fault: reasonOf(error) };
  }
}

async function probeStream(jsm: JetStreamManager, name: string): Promise<StreamFacts> {
  try {
    const { state, config } = await jsm.streams.info(name);
    return { name, state: { messages: state.messages, bytes: state.bytes, bytesMax: config.max_bytes } };
  } catch (error) {
    if (isMissing(error)) return { name, state: undefined };
    throw error;
  }
}

async function probeConsumers(jsm: JetStreamManager): Promise<ConsumerFacts[]> {
  const wanted = SERVICE_NAMES.flatMap((service) =>
    HANDLES[service].map((event) => ({
      service,
      stream: streamOf(event.producer),
      durable: durableOf(service, event),
    })),
  );
  const look = () => Promise.all(wanted.map(({ stream, durable }) => infoOf(jsm, stream, durable)));
  const first = await look();
  const isWaiting = first.some((info) => info !== undefined && info.num_pending + info.num_ack_pending > 0);
  if (isWaiting) await delay(SECOND_LOOK_MS);
  const second = isWaiting ? await look() : first;
  return wanted.map(({ durable, service }, index) => ({
    durable,
    service,
    lag: lagOf(first[index], second[index]),
  }));
}

async function infoOf(
  jsm: JetStreamManager,
  stream: string,
  durable: string,
): Promise<ConsumerInfo | undefined> {
  try {
    return await jsm.consumers.info(stream, durable);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function lagOf(before: ConsumerInfo | undefined, after: ConsumerInfo | undefined): ConsumerFacts['lag'] {
  if (before === undefined || after === undefined) return undefined;
  const moves = after.ack_floor.stream_seq > before.ack_floor.stream_seq;
  return { waiting: after.num_pending, inHand: after.num_ack_pending, moves };
}
