import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ServiceName } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { REQUEST_ID_HEADER } from '@zoco/service';
import { answer, readRest } from './answer.ts';
import type { Clock } from './clock.ts';
import { commonHeaders, type Exchange, type Origins } from './exchange.ts';
import { cacheLookups } from './gateway-metrics.ts';
import { type ResponseCache, STORED_BYTES_MAX, type StoredAnswer } from './response-cache.ts';
import { freshnessOf, matchesEtag } from './rules/caching.ts';
import { cacheControlOf, toClient, toService } from './rules/headers.ts';
import { headerOf, rawHeader } from './rules/http-headers.ts';
import type { Operation } from './rules/route-table.ts';
import { timeLimits } from './rules/traffic.ts';
import { bodyTooLarge, createTimeKeeper, type TimeKeeper } from './time-keeper.ts';
import type { Upstream } from './upstream.ts';

export interface ProxyOptions {
  readonly upstreams: Partial<Record<ServiceName, Upstream>>;
  readonly cache: ResponseCache;
  readonly clock: Clock;
  readonly origins: Origins;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly uploadBytesMax: number;
}

/** Passes a request on to its service and the answer back, or answers from what is kept of earlier ones. */
export class Proxy {
  readonly #options: ProxyOptions;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  /** Resolves when the head of the answer is written. @throws Problem */
  async forward(exchange: Exchange, operation: Operation): Promise<void> {
    const key = cacheKey(exchange, operation);
    if (key !== undefined) {
      await this.#forwardCacheable(exchange, operation, key);
      return;
    }
    const keeper = this.#keepTime(exchange, operation);
    const incoming = await this.#ask(exchange, operation, undefined, keeper);
    keeper.headArrived();
    this.#relay(exchange, incoming, keeper);
  }

  async #forwardCacheable(exchange: Exchange, operation: Operation, key: string): Promise<void> {
    const { cache, clock } = this.#options;
    const stored = cache.get(key);
    if (stored && clock.monotonicMs() < stored.storedMs + stored.freshMs) {
      cacheLookups.inc({ result: 'hit' });
      this.#answerStored(exchange, stored);
      return;
    }
    const keeper = this.#keepTime(exchange, operation);
    const incoming = await this.#ask(exchange, operation, stored, keeper);
    const fresh =
      stored && incoming.statusCode === 304
        ? renewed(stored, incoming, clock)
        : await storedFrom(incoming, clock);
    cacheLookups.inc({ result: stored && incoming.statusCode === 304 ? 'revalidated' : 'miss' });
    if (fresh === undefined) {
      cache.delete(key);
      this.#relay(exchange, incoming, keeper);
      return;
    }
    cache.set(key, fresh);
    this.#answerStored(exchange, fresh);
  }

  #ask(
    exchange: Exchange,
    operation: Operation,
    stored: StoredAnswer | undefined,
    keeper: TimeKeeper,
  ): Promise<IncomingMessage> {
    const { upstreams, uploadBytesMax, bodyBytesMax } = this.#options;
    const upstream = upstreams[operation.service];
    if (upstream === undefined) throw notDeployed(operation.service);
    const { request, target } = exchange;
    const headers = headersToService(exchange);
    if (stored?.etag !== undefined) headers['if-none-match'] = stored.etag;
    const bytesMax = operation.traffic === 'upload' ? uploadBytesMax : bodyBytesMax;
    const body = bodyOf(request, bytesMax);
    return upstream.send({
      method: request.method ?? 'GET',
      target: target.path + target.query,
      route: operation.template,
      headers,
      body,
      onBodyStart: body && (() => keeper.watchBody(body, bytesMax)),
      stream: operation.traffic === 'stream',
      deadlineMs: keeper.deadlineMs,
      signal: keeper.signal,
    });
  }

  #answerStored(exchange: Exchange, stored: StoredAnswer): void {
    const { clock, origins } = this.#options;
    const ageSeconds = Math.floor((clock.monotonicMs() - stored.storedMs) / 1000);
    const matches = matchesEtag(headerOf(exchange.request.headers, 'if-none-match'), stored.etag);
    const headers = [...stored.headers, 'age', String(ageSeconds)];
    const { body, vary } = stored;
    answer(exchange, origins, { status: matches ? 304 : 200, headers, body, vary });
  }

  /** Head first, then the body as it comes; whichever side breaks off takes the other with it. */
  #relay(exchange: Exchange, incoming: IncomingMessage, keeper: TimeKeeper): void {
    const { request, response } = exchange;
    const headers = toClient(incoming.rawHeaders);
    const vary = rawHeader(incoming.rawHeaders, 'vary');
    if (rawHeader(headers, 'cache-control') === undefined) {
      headers.push('cache-control', cacheControlOf(rawHeader(headers, 'etag') !== undefined));
    }
    incoming.on('error', () => response.destroy());
    response.once('finish', () => {
      if (request.complete) return;
      // The service has answered without the rest of the body; its connection is of no use to others.
      request.unpipe();
      keeper.giveUp(new Error('answered before the end of the body'));
      readRest(exchange);
    });
    response.writeHead(incoming.statusCode ?? 502, [
      ...commonHeaders(exchange, this.#options.origins, vary),
      ...headers,
    ]);
    if (exchange.operation?.traffic === 'stream') response.flushHeaders();
    incoming.pipe(response);
  }

  #keepTime(exchange: Exchange, { traffic }: Operation): TimeKeeper {
    return createTimeKeeper(exchange, timeLimits(traffic, this.#options.timeoutMs), this.#options.clock);
  }
}

/** The answer with its body, when it may be kept and is small enough; its body is untouched otherwise. */
async function storedFrom(incoming: IncomingMessage, clock: Clock): Promise<StoredAnswer | undefined> {
  const { storable, freshMs } = freshnessOf(incoming.statusCode ?? 0, incoming.rawHeaders);
  const length = Number(incoming.headers['content-length'] ?? Number.NaN);
  if (!storable || !(length <= STORED_BYTES_MAX)) return undefined;
  const body = await readWhole(incoming);
  const { etag, vary } = incoming.headers;
  const headers = without(toClient(incoming.rawHeaders), ['content-length', 'age']);
  return { headers, etag, vary, body, storedMs: clock.monotonicMs(), freshMs };
}

/** A kept answer that its service says is still right; headers of the 304 replace those of before (RFC 9111, section 4.3.4). */
function renewed(stored: StoredAnswer, incoming: IncomingMessage, clock: Clock): StoredAnswer {
  incoming.resume();
  const news = without(toClient(incoming.rawHeaders), ['content-length', 'age']);
  const headers = [
    ...without(
      stored.headers,
      news.filter((_, index) => index % 2 === 0),
    ),
    ...news,
  ];
  const { freshMs } = freshnessOf(200, headers);
  return { ...stored, headers, storedMs: clock.monotonicMs(), freshMs };
}

function without(headers: readonly string[], names: readonly string[]): string[] {
  return headers.filter((_, index) => !names.includes(headers[index - (index % 2)] ?? ''));
}

/** Only what every anonymous client of a tenant would get, too, has a key. */
function cacheKey({ request, target, tenant }: Exchange, { traffic }: Operation): string | undefined {
  const { headers } = request;
  if (request.method !== 'GET' || traffic !== 'ordinary' || tenant.settings === undefined) return undefined;
  if (headers.authorization !== undefined || headers['x-api-key'] !== undefined) return undefined;
  if (headers.range !== undefined) return undefined;
  const accept = `${headers.accept ?? ''}\n${headers['accept-language'] ?? ''}`;
  return `${tenant.settings.id}\n${target.path}${target.query}\n${accept}`;
}

function headersToService(exchange: Exchange): Record<string, string | string[]> {
  const headers = toService(exchange.request.headers);
  headers[REQUEST_ID_HEADER] = exchange.requestId;
  headers['x-zoco-client-ip'] = exchange.client.address;
  if (exchange.authorization !== undefined) headers['authorization'] = exchange.authorization;
  if (exchange.tenant.fromHost && exchange.tenant.id !== undefined) headers['x-tenant'] = exchange.tenant.id;
  return headers;
}

/** The body to pass on, if there is one. @throws Problem when its size or its method forbids it */
function bodyOf(request: IncomingMessage, bytesMax: number): IncomingMessage | undefined {
  const length = request.headers['content-length'];
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody) return undefined;
  if (request.method === 'GET' || request.method === 'HEAD') {
    // A retry could not send it again, and no service reads it.
    throw new Problem('malformed', 'body_unexpected', `A ${request.method} request has no body.`);
  }
  if (Number(length ?? 0) > bytesMax) throw bodyTooLarge(bytesMax);
  return request;
}

async function readWhole(incoming: IncomingMessage): Promise<Buffer> {
  try {
    return await buffer(incoming);
  } catch (cause) {
    throw new Problem('unavailable', 'service_unavailable', 'The service broke off its answer. Try again.', {
      cause,
      retryAfterSeconds: 1,
    });
  }
}

function notDeployed(service: ServiceName): Problem {
  return new Problem('unavailable', 'service_not_deployed', `The ${service} service is not deployed here.`);
}
