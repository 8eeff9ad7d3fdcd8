import type { TenantSettings } from '@zoco/contracts';
import { createWaker, Problem, type Waker } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import type { Logger } from '@zoco/service';
import type { Order } from './db/order.ts';
import { streamsOpen } from './metrics.ts';
import { viewOf } from './order-view.ts';
import { isFinal } from './rules/order.ts';

export interface StreamOptions {
  readonly tenant: TenantSettings;
  /** Who watches. */
  readonly principalId: string;
  readonly orderId: string;
  /** Version that the client has seen, from `Last-Event-ID`; 0 for none. */
  readonly seenVersion: number;
  /** The stream ends then, and the client comes back with a fresh token. */
  readonly lifeMs: number;
  read(): Promise<Order | undefined>;
}

/** Live streams of orders to the clients of this replica, fed by what any replica commits. */
export interface OrderStreams {
  /**
   * Server-sent events of one order: what it is now, then each newer version, until it is final.
   * @throws Problem `stream_limit_own` when the principal has too many at this replica, `stream_limit` when it has too many of all
   */
  open(options: StreamOptions): ReadableStream<Uint8Array>;
  /** Ends all streams; clients come back to another replica. */
  close(): void;
}

/** Channel on which the database tells of each change, see the trigger `log_order`. */
const CHANNEL = 'orders';
// Proxies cut a silent connection after a minute at the latest. Each beat also reads the order again, so a notification that was lost
// costs no more than this.
const HEARTBEAT_MS = 15_000;
/** Streams of one principal at one replica, so that nobody takes all there are. */
export const OWN_STREAMS_MAX = 10;

export function createOrderStreams(db: Database, log: Logger, streamsMax: number): OrderStreams {
  const watchers = new Map<string, Set<() => void>>();
  const closing = new AbortController();
  let listening: Promise<unknown> | undefined;
  /** Who watches, of each open stream. */
  const open = new Map<AbortController, string>();

  function watch(key: string, wake: () => void): () => void {
    listening ??= db
      .listen(CHANNEL, (payload) => watchers.get(payload)?.forEach((notify) => notify()))
      .catch((error: unknown) => {
        listening = undefined;
        log.warn({ err: error }, 'streams cannot listen to the database and only poll');
      });
    const others = watchers.get(key) ?? new Set();
    watchers.set(key, others.add(wake));
    return () => {
      others.delete(wake);
      if (others.size === 0) watchers.delete(key);
    };
  }

  return {
    open(options) {
      const { principalId } = options;
      const own = [...open.values()].filter((id) => id === principalId);
      if (own.length >= OWN_STREAMS_MAX) throw tooManyOwnStreams();
      if (open.size >= streamsMax) throw tooManyStreams();
      const gone = new AbortController();
      streamsOpen.set(open.set(gone, principalId).size);
      const signal = AbortSignal.any([gone.signal, closing.signal]);
      const waker = createWaker(signal);
      const unwatch = watch(`${options.tenant.id} ${options.orderId}`, waker.wake);
      return new ReadableStream<Uint8Array>({
        start(controller) {
          void send(controller, options, waker, signal)
            .catch((error: unknown) => log.warn({ err: error }, 'a stream of an order broke off'))
            .finally(() => {
              unwatch();
              open.delete(gone);
              streamsOpen.set(open.size);
              if (!gone.signal.aborted) controller.close();
              // The runtime holds a signal made of others until it aborts.
              gone.abort();
            });
        },
        cancel() {
          gone.abort();
        },
      });
    },
    close() {
      closing.abort();
    },
  };
}

async function send(
  controller: ReadableStreamDefaultController<Uint8Array>,
  options: StreamOptions,
  waker: Waker,
  signal: AbortSignal,
): Promise<void> {
  const encoder = new TextEncoder();
  const endMs = performance.now() + options.lifeMs;
  let seen = options.seenVersion;
  controller.enqueue(encoder.encode('retry: 2000\n\n'));
  while (!signal.aborted) {
    const order = await options.read();
    if (order === undefined || signal.aborted) return;
    controller.enqueue(
      encoder.encode(order.version > seen ? messageOf(order, options.tenant) : ': waiting\n\n'),
    );
    seen = Math.max(seen, order.version);
    const leftMs = endMs - performance.now();
    if (isFinal(order.status) || leftMs <= 0) return;
    await waker.sleep(Math.min(HEARTBEAT_MS, leftMs));
  }
}

/** JSON has no raw line breaks, so one data line holds it. */
function messageOf(order: Order, tenant: TenantSettings): string {
  return `id: ${order.version}\nevent: order\ndata: ${JSON.stringify(viewOf(order, tenant))}\n\n`;
}

function tooManyOwnStreams(): Problem {
  return new Problem(
    'limited',
    'stream_limit_own',
    `You watch ${OWN_STREAMS_MAX} orders already. End a stream first, or ask for the order instead.`,
    { retryAfterSeconds: 5 },
  );
}

function tooManyStreams(): Problem {
  return new Problem(
    'unavailable',
    'stream_limit',
    'Too many clients watch orders. Ask for the order instead.',
    {
      retryAfterSeconds: 5,
    },
  );
}
