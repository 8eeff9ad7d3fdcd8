import type { IncomingMessage } from 'node:http';
import { Problem } from '@zoco/kernel';
import type { Clock } from './clock.ts';
import type { Exchange } from './exchange.ts';
import type { TimeLimits } from './rules/traffic.ts';

/** Watches over the time and the body of one request, and gives it up when its limits are passed or its client leaves. */
export interface TimeKeeper {
  readonly signal: AbortSignal;
  /** Monotonic clock: when the head of the answer must be there. */
  readonly deadlineMs: number;
  /** Ends the exchange with the service, and with the client unless it has been answered already. */
  giveUp(reason: Error): void;
  /** The head is there; what follows may take the total time, or any time. */
  headArrived(): void;
  /** Counts the bytes that really come, whatever their header says, and notices when they stop. */
  watchBody(body: IncomingMessage, bytesMax: number): void;
}

/** The client hung up: nobody hears an answer. */
export class ClientLeft extends Error {
  override readonly name = 'ClientLeft';
}

export function createTimeKeeper(
  exchange: Pick<Exchange, 'request' | 'response' | 'startedMs'>,
  limits: TimeLimits,
  clock: Clock,
): TimeKeeper {
  const { request, response, startedMs } = exchange;
  const controller = new AbortController();
  const deadlineMs = startedMs + limits.headMs;
  let timer = setTimeout(timeOver, deadlineMs - clock.monotonicMs());
  let bodyTimer: NodeJS.Timeout | undefined;

  function giveUp(reason: Error): void {
    controller.abort(reason);
    // An answer that has begun cannot be taken back, only broken off, so that it is not taken for a whole one.
    if (response.headersSent && !response.writableFinished) response.destroy();
  }

  function timeOver(): void {
    giveUp(request.complete ? serviceTooSlow() : bodyTooSlow());
  }

  function closed(): void {
    clearTimeout(timer);
    clearTimeout(bodyTimer);
    if (!response.writableFinished) controller.abort(new ClientLeft());
  }

  // The client may have left while its token was checked.
  if (response.closed) closed();
  else response.once('close', closed);

  return {
    signal: controller.signal,
    deadlineMs,
    giveUp,
    headArrived() {
      if (limits.totalMs === limits.headMs) return;
      clearTimeout(timer);
      if (limits.totalMs !== undefined) {
        timer = setTimeout(timeOver, startedMs + limits.totalMs - clock.monotonicMs());
      }
    },
    watchBody(body, bytesMax) {
      let bytes = 0;
      bodyTimer = setTimeout(() => {
        // Paused means that the service is slow to take it, not the client to send it.
        if (body.isPaused()) bodyTimer?.refresh();
        else giveUp(bodyTooSlow());
      }, limits.bodyPauseMs);
      body.on('data', (chunk: Buffer) => {
        bodyTimer?.refresh();
        bytes += chunk.length;
        if (bytes > bytesMax) giveUp(bodyTooLarge(bytesMax));
      });
      body.once('end', () => clearTimeout(bodyTimer));
    },
  };
}

/** The body has more bytes than the gateway passes on. */
export function bodyTooLarge(bytesMax: number): Problem {
  return new Problem('too_large', 'body_too_large', `The body may have at most ${bytesMax} bytes.`);
}

function serviceTooSlow(): Problem {
  return new Problem(
    'upstream_timeout',
    'service_timeout',
    'The answer took too long. Whether the request took effect is not known; repeat it with the same Idempotency-Key.',
  );
}

function bodyTooSlow(): Problem {
  return new Problem('timeout', 'body_timeout', 'The body took too long to arrive.');
}
