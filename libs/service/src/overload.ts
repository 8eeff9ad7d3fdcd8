import { Problem } from '@zoco/kernel';
import type { MiddlewareHandler } from 'hono';
import { Gauge } from 'prom-client';
import { monitorLag } from './event-loop-lag.ts';
import { refusedRequests, registry } from './metrics.ts';

// Counted beside the metric, which is read seldom and would cost each request twice.
let active = 0;
const activeRequests: Gauge = new Gauge({
  name: 'http_server_active_requests',
  help: 'Requests in flight.',
  registers: [registry],
  collect: () => activeRequests.set(active),
});

// A loop whose turns take 220 ms: what is sampled is shorter than the turn by up to the sampling interval.
const LAG_MS_MAX = 170;
const WINDOW_MS = 1000;

/** Counts requests in flight. Whoever entered must leave. */
export interface Admission {
  /** @throws Problem `service_overloaded` beyond the number allowed, or while the event loop lags */
  enter(): void;
  leave(): void;
}

/**
 * Refuses work (503) beyond a number of requests in flight, or while the event loop lags: a quick no beats a late yes.
 * @param requestsInFlightMax Infinity for a process that refuses nothing, such as a test on a busy machine
 */
export function admission(requestsInFlightMax: number): MiddlewareHandler {
  const door = createAdmission(requestsInFlightMax);
  return async (_c, next) => {
    door.enter();
    try {
      await next();
    } finally {
      door.leave();
    }
  };
}

/** The same for a server without hono. */
export function createAdmission(requestsInFlightMax: number): Admission {
  let inFlight = 0;
  const lag = monitorLag();
  let windowEndsMs: number | undefined;
  let lagging = false;

  function isLagging(): boolean {
    const nowMs = performance.now();
    if (windowEndsMs === undefined) {
      // What the start took is no overload: a new replica must not refuse its first requests for it.
      lag.reset();
      windowEndsMs = nowMs + WINDOW_MS;
    }
    if (nowMs >= windowEndsMs) {
      // A tenth of the turns and not the worst one: a single long pause of the garbage collector is no overload. However few
      // turns there were, they count, since a loop that stands still makes few.
      lagging = lag.percentileMs(90) > LAG_MS_MAX;
      lag.reset();
      windowEndsMs = nowMs + WINDOW_MS;
    }
    return lagging;
  }

  return {
    enter() {
      if (inFlight >= requestsInFlightMax) refuse('in_flight');
      if (requestsInFlightMax !== Infinity && isLagging()) refuse('event_loop');
      inFlight += 1;
      active += 1;
    },
    leave() {
      inFlight -= 1;
      active -= 1;
    },
  };
}

function refuse(reason: string): never {
  refusedRequests.inc({ reason });
  throw new Problem('unavailable', 'service_overloaded', 'The service is busy. Try again in a moment.', {
    retryAfterSeconds: 1,
  });
}
