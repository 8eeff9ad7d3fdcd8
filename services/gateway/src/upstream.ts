import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { SpanKind } from '@opentelemetry/api';
import type { ServiceName } from '@zoco/contracts';
import { Problem, retryDelayMs } from '@zoco/kernel';
import { currentTraceparent, failSpan, inDetailSpan, TIMEOUT_HEADER } from '@zoco/service';
import type { Clock } from './clock.ts';
import { breakerOpen, breakerOpened, retriesMade, upstreamDuration } from './gateway-metrics.ts';
import { admit, type BreakerState, CLOSED, report, withdraw } from './rules/breaker.ts';
import { headerOf } from './rules/http-headers.ts';
import { isServiceFailure, isShed, isUnavailable, mayRetry, type TryFailure } from './rules/retry.ts';
import { count, NO_COUNTS } from './rules/rolling-counts.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly target: string;
  /** Pattern of the route. */
  readonly route: string;
  readonly headers: Record<string, string | string[]>;
  /** Not yet read; it is only touched once a connection stands. */
  readonly body: IncomingMessage | undefined;
  /** Called when the body begins to flow. */
  readonly onBodyStart: (() => void) | undefined;
  /** Takes a connection of its own for as long as its answer goes on. */
  readonly stream: boolean;
  /** Monotonic clock; afterwards nothing is tried any more. */
  readonly deadlineMs: number;
  /** Aborted with the reason for giving up: the client left, or the time is over. */
  readonly signal: AbortSignal;
}

export interface UpstreamOptions {
  readonly service: ServiceName;
  readonly url: string;
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly random: () => number;
}

const CONNECT_MS_MAX = 1000;
// Below the six seconds for which services keep idle connections, so that none is used in the moment it is closed; and below the five
// for which a pod drains, so that it closes none that we have.
const IDLE_MS_MAX = 4000;

class TryFailed extends Error {
  readonly failure: TryFailure;

  constructor(failure: TryFailure, cause: unknown) {
    super(`the try failed: ${failure}`, { cause });
    this.failure = failure;
  }
}

/** One service behind the gateway, with its connections, its circuit breaker and its retries. */
export class Upstream {
  readonly #service: ServiceName;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #connect: Connector;
  readonly #url: URL;
  #breaker: BreakerState = CLOSED;
  #counts = NO_COUNTS;

  constructor(options: UpstreamOptions) {
    this.#service = options.service;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#connect = connector(options);
    this.#url = new URL(options.url);
    breakerOpen.set({ upstream: options.service }, 0);
    breakerOpened.inc({ upstream: options.service }, 0);
  }

  /**
   * The head of the service's answer; its body follows as a stream.
   * @throws Problem `service_unavailable`, or the reason of the signal
   */
  async send(request: UpstreamRequest): Promise<IncomingMessage> {
    this.#counts = count(this.#counts, 'requests', this.#clock.monotonicMs());
    for (let retries = 0; ; retries += 1) {
      try {
        const answer = await this.#tryOnce(request, retries);
        const refused = isUnavailable(answer.statusCode ?? 0, headerOf(answer.headers, 'retry-after'));
        if (!refused || !this.#mayTryAgain(request, retries, 'unavailable')) return answer;
        answer.resume();
      } catch (error) {
        if (!(error instanceof TryFailed)) throw error;
        if (!this.#mayTryAgain(request, retries, error.failure)) throw unavailable(this.#service, 1, error);
      }
      await this.#pause(retries, request.signal);
    }
  }

  close(): void {
    this.#connect.close();
  }

  /** One try, with its outcome told to the breaker. */
  async #tryOnce(request: UpstreamRequest, retries: number): Promise<IncomingMessage> {
    const probe = this.#enter();
    const stop = upstreamDuration.startTimer({ upstream: this.#service });
    try {
      const answer = await this.#attemptTraced(request, retries);
      const status = answer.statusCode ?? 0;
      stop({ status });
      const nowMs = this.#clock.monotonicMs();
      const next = isShed(status, headerOf(answer.headers, 'retry-after'))
        ? withdraw(this.#breaker, probe, nowMs)
        : report(this.#breaker, isServiceFailure(status), probe, nowMs);
      this.#setBreaker(next);
      return answer;
    } catch (error) {
      stop({ status: 0 });
      const nowMs = this.#clock.monotonicMs();
      const next = saysServiceFailed(error)
        ? report(this.#breaker, true, probe, nowMs)
        : withdraw(this.#breaker, probe, nowMs);
      this.#setBreaker(next);
      throw error;
    }
  }

  /** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
  #attemptTraced(request: UpstreamRequest, retries: number): Promise<IncomingMessage> {
    const { method, route } = request;
    const options = () => ({
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'url.template': route,
        'server.address': this.#url.hostname,
        'server.port': Number(this.#url.port || 80),
        'peer.service': this.#service,
        ...(retries > 0 ? { 'http.request.resend_count': retries } : {}),
      },
    });
    return inDetailSpan(`${method} ${route}`, options, async (span) => {
      const answer = await attempt(this.#connect, request, this.#clock);
      const status = answer.statusCode ?? 0;
      span?.setAttribute('http.response.status_code', status);
      if (span && status >= 500) failSpan(span, undefined, String(status));
      return answer;
    });
  }

  #enter(): boolean {
    const admittance = admit(this.#breaker, this.#clock.monotonicMs());
    if (!admittance.admitted) throw unavailable(this.#service, admittance.retryAfterSeconds);
    this.#setBreaker(admittance.state);
    return admittance.probe;
  }

  #setBreaker(state: BreakerState): void {
    if (state.kind !== this.#breaker.kind) {
      breakerOpen.set({ upstream: this.#service }, state.kind === 'closed' ? 0 : 1);
      if (state.kind === 'open') breakerOpened.inc({ upstream: this.#service });
    }
    this.#breaker = state;
  }

  #mayTryAgain({ method, deadlineMs }: UpstreamRequest, retries: number, failure: TryFailure): boolean {
    const nowMs = this.#clock.monotonicMs();
    const timeLeftMs = deadlineMs - nowMs;
    return mayRetry({ method, retries, failure, timeLeftMs, counts: this.#counts, nowMs });
  }

  async #pause(retries: number, signal: AbortSignal): Promise<void> {
    this.#counts = count(this.#counts, 'retries', this.#clock.monotonicMs());
    retriesMade.inc({ upstream: this.#service });
    const delayMs = retryDelayMs(retries, 50, 2000, this.#random());
    await delay(delayMs, undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
}

/** Only a service that is silent or away has failed; a client that left or sent too much says nothing about it. */
function saysServiceFailed(error: unknown): boolean {
  return error instanceof TryFailed || (error instanceof Problem && error.kind === 'upstream_timeout');
}

/** Opens a request; nothing is sent before its headers are flushed or its body ends. */
interface Connector {
  (request: UpstreamRequest, headers: Record<string, string | string[]>): ClientRequest;
  close(): void;
}

function connector({ url, connectionsMax }: UpstreamOptions): Connector {
  const { protocol, hostname, port, pathname } = new URL(url);
  const secure = protocol === 'https:';
  const Agent = secure ? HttpsAgent : HttpAgent;
  const send = secure ? httpsRequest : httpRequest;
  const settings = { keepAlive: true, maxFreeSockets: connectionsMax, timeout: IDLE_MS_MAX };
  const shared = new Agent({ ...settings, maxSockets: connectionsMax });
  // Streams would fill the shared connections; how many there may be is decided at the door.
  const streams = new Agent({ keepAlive: false });
  const base = pathname === '/' ? '' : pathname;
  // A bracketed IPv6 address is a name in a URL only.
  const host = hostname.replace(/^\[|\]$/g, '');

  function connect({ method, target, stream }: UpstreamRequest, headers: Record<string, string | string[]>) {
    const agent = stream ? streams : shared;
    return send({ agent, host, port, method, path: base + target, headers });
  }
  return Object.assign(connect, {
    close() {
      shared.destroy();
      streams.destroy();
    },
  });
}

function attempt(connect: Connector, request: UpstreamRequest, clock: Clock): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { body, signal } = request;
    signal.throwIfAborted();
    const leftMs = Math.max(0, Math.ceil(request.deadlineMs - clock.monotonicMs()));
    const headers: UpstreamRequest['headers'] = { ...request.headers, [TIMEOUT_HEADER]: String(leftMs) };
    const traceparent = currentTraceparent();
    if (traceparent !== undefined) headers['traceparent'] = traceparent;
    const outgoing = connect(request, headers);
    const giveUp = (): void => void outgoing.destroy(new Error('given up'));
    signal.addEventListener('abort', giveUp, { once: true });
    let connected = false;
    whenConnected(outgoing, () => {
      connected = true;
      if (body === undefined) return;
      request.onBodyStart?.();
      body.pipe(outgoing);
    });
    outgoing.once('response', resolve);
    outgoing.on('error', (cause) => {
      reject(signal.aborted ? reasonOf(signal) : new TryFailed(connected ? 'broken' : 'not_sent', cause));
    });
    outgoing.once('close', () => signal.removeEventListener('abort', giveUp));
    if (body === undefined) outgoing.end();
  });
}

/** Runs `begin` once bytes can flow; a connection that is not made in a second counts as refused. */
function whenConnected(outgoing: ClientRequest, begin: () => void): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) {
      begin();
      return;
    }
    const late = setTimeout(() => outgoing.destroy(new Error('connection not made in time')), CONNECT_MS_MAX);
    socket.once('connect', () => {
      clearTimeout(late);
      begin();
    });
    socket.once('close', () => clearTimeout(late));
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('given up');
}

function unavailable(service: ServiceName, retryAfterSeconds: number, cause?: unknown): Problem {
  return new Problem(
    'unavailable',
    'service_unavailable',
    `The ${service} service does not answer at the moment. Repeat the request, an unsafe one with the same Idempotency-Key.`,
    { retryAfterSeconds, cause },
  );
}
