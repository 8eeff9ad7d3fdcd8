import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { HANDLES, type ServiceName, WATCHES } from '@zoco/contracts';
import type { Logger } from '@zoco/service';
import { type ConsumerOptions, runConsumer } from './consumer.ts';
import type { EventHandler } from './event-handler.ts';
import { connectNats } from './nats.ts';
import { purgeHourly } from './purge.ts';
import { type RelayOptions, runRelay } from './relay.ts';
import { sampleConsumers, sampleOutbox, watchConnection } from './samples.ts';
import { runWatchers, type Watcher } from './watch.ts';

const DRAIN_MS_MAX = 2000;

export interface WatchingOptions {
  readonly service: ServiceName;
  readonly natsUrl: string;
  readonly log: Logger;
  readonly watchers?: readonly Watcher[];
  /** Called when watchers may have missed something: once they listen, and after each reconnect. */
  readonly reload?: () => void;
  /** Called once with the connection, for what else uses NATS. */
  readonly onConnected?: (nc: NatsConnection) => void;
}

export interface EventsOptions extends ConsumerOptions, WatchingOptions, Pick<RelayOptions, 'relayGatherMs'> {
  readonly handlers: readonly EventHandler[];
}

/**
 * Starts relay, consumers and watchers in the background; a service is ready without NATS, its outbox waits. Dispose to stop:
 * pulling ends, what is in hand is finished, the connection drains.
 * @throws Error when the handlers are not the ones that the call graph declares
 */
export function startEvents(options: EventsOptions): AsyncDisposable {
  assertDeclared('handles', HANDLES[options.service], options.handlers);
  const outbox = sampleOutbox(options.service, options.db);
  const events = start(options, async (nc, signal) => {
    using _consumers = sampleConsumers(options.service, nc);
    await Promise.all([
      runRelay(nc, options, signal),
      purgeHourly(options.db, options.log, signal),
      ...options.handlers.map((handler) => runConsumer(nc, handler, options, signal)),
    ]);
  });
  return {
    async [Symbol.asyncDispose]() {
      outbox[Symbol.dispose]();
      await events[Symbol.asyncDispose]();
    },
  };
}

/**
 * Starts the watchers of a service without a database, which publishes and handles nothing. Dispose to stop.
 * @throws Error when the watchers are not the ones that the call graph declares
 */
export function startWatching(options: WatchingOptions): AsyncDisposable {
  assertDeclared('handles', HANDLES[options.service], []);
  return start(options, async () => {});
}

function start(
  options: WatchingOptions,
  work: (nc: NatsConnection, signal: AbortSignal) => Promise<void>,
): AsyncDisposable {
  assertDeclared('watches', WATCHES[options.service], options.watchers ?? []);
  const controller = new AbortController();
  const { signal } = controller;
  let connection: NatsConnection | undefined;

  async function run(): Promise<void> {
    connection = await connectNats({ url: options.natsUrl, name: options.service, signal });
    if (signal.aborted) return;
    void watchConnection(connection);
    options.onConnected?.(connection);
    // Ends with the connection, which is drained only after the others are done.
    void runWatchers(connection, options.watchers ?? [], options.reload ?? (() => {}), options.log, signal);
    await work(connection, signal);
  }

  const running = run();
  running.catch((error: unknown) => {
    if (!signal.aborted) options.log.error({ err: error }, 'events stopped');
  });
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running.catch(() => {});
      if (connection) await leave(connection);
    },
  };
}

/** Hands over what is still to be sent; while NATS is away nobody would ever take it. */
async function leave(connection: NatsConnection): Promise<void> {
  const late = delay(DRAIN_MS_MAX, undefined, { ref: false });
  await Promise.race([connection.drain().catch(() => {}), late]);
  await connection.close();
}

function assertDeclared(
  verb: string,
  declared: readonly { type: string }[],
  given: readonly { event: { type: string } }[],
): void {
  const wanted = declared.map((event) => event.type).toSorted();
  const found = given.map(({ event }) => event.type).toSorted();
  if (wanted.join() !== found.join()) {
    throw new Error(
      `the call graph says this service ${verb} [${wanted.join(', ')}], the code has [${found.join(', ')}]`,
    );
  }
}
