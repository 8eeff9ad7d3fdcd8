import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from '@zoco/kernel';
import { type Admission, createAdmission, type Logger } from '@zoco/service';
import { answer, answerFailure } from './answer.ts';
import { authenticate, type AuthenticateOptions, limited } from './authenticate.ts';
import type { Clock } from './clock.ts';
import { commonHeaders, type Exchange, type Origins, readingOrigin } from './exchange.ts';
import { streamsOpen } from './gateway-metrics.ts';
import { observe } from './observe.ts';
import { openExchange, type OpenExchangeOptions } from './open-exchange.ts';
import type { Proxy } from './proxy.ts';
import { addressGroup } from './rules/client-address.ts';
import { preflightHeaders } from './rules/cors.ts';
import { isRepeated } from './rules/http-headers.ts';
import { limitsOf, rateLimitHeaders } from './rules/rate-limits.ts';
import { parseTarget, type RequestTarget, segmentsOf } from './rules/request-target.ts';
import { matchRoute, type Operation, type RouteMatch, type RouteTable } from './rules/route-table.ts';

export interface GatewayOptions extends AuthenticateOptions, OpenExchangeOptions {
  readonly routes: RouteTable;
  /** The gateway's own pages and their paths: health, status, keys, reference. */
  readonly ownPages: RequestListener;
  readonly ownPaths: ReadonlySet<string>;
  readonly origins: Origins;
  readonly proxy: Proxy;
  readonly clock: Clock;
  readonly log: Logger;
  readonly requestsInFlightMax: number;
  readonly streamsMax: number;
  /** True once the process is asked to stop: connections are then given up one by one. */
  readonly isDraining: () => boolean;
}

// Node has a setting for this, but answers 503 to clients that overlook `Connection: close`.
const REQUESTS_PER_CONNECTION_MAX = 1000;
const UNREADABLE: RequestTarget = { path: '/', query: '' };

/** The public door: who asks, for what, how often; then the service behind it, or one of the gateway's own pages. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #door: Admission;
  readonly #streams = new Set<ServerResponse>();
  readonly #served = new WeakMap<Socket, number>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#door = createAdmission(options.requestsInFlightMax);
  }

  /** Handles the requests of a server. */
  readonly listener: RequestListener = (request, response) => {
    const { clock, log, isDraining } = this.#options;
    const startedMs = clock.monotonicMs();
    const target = parseTarget(request.url ?? '');
    const lastOnConnection = this.#isWornOut(request.socket) || isDraining();
    const exchange = openExchange(
      { request, response, target: target ?? UNREADABLE, startedMs, lastOnConnection },
      this.#options,
    );
    void observe(exchange, clock, log, () => this.#serve(exchange, target));
  };

  /** Breaks off the event streams, which would never end by themselves; their clients connect again elsewhere. */
  endStreams(): void {
    for (const response of this.#streams) response.destroy();
  }

  /** Clients that stay for ever would never find a new replica. */
  #isWornOut(socket: Socket): boolean {
    const served = (this.#served.get(socket) ?? 0) + 1;
    this.#served.set(socket, served);
    return served >= REQUESTS_PER_CONNECTION_MAX;
  }

  async #serve(exchange: Exchange, target: RequestTarget | undefined): Promise<void> {
    const { origins, log } = this.#options;
    try {
      if (target === undefined) throw new Problem('malformed', 'path_invalid', 'The path is not acceptable.');
      const { method = 'GET', rawHeaders } = exchange.request;
      if (isRepeated(rawHeaders, 'host')) throw new Problem('malformed', 'host_ambiguous', 'Send one Host.');
      const match = this.#match(method, target.path);
      if (match.kind === 'own_page') await this.#serveOwnPage(exchange);
      else if (match.kind === 'found') await this.#serveApi(exchange, match.operation);
      else if (match.kind === 'not_found' || method !== 'OPTIONS') throw unmatched(exchange, match);
      // Nobody has an OPTIONS route of its own, so every path that exists refuses the method and tells which ones it has.
      else answerOptions(exchange, origins, match.methods);
    } catch (error) {
      answerFailure(exchange, origins, error, log);
    }
  }

  #match(method: string, path: string): RouteMatch | { kind: 'own_page' } {
    const { ownPaths, routes } = this.#options;
    if (!ownPaths.has(path)) return matchRoute(routes, method, segmentsOf(path) ?? []);
    return method === 'GET' || method === 'HEAD' ? { kind: 'own_page' } : READ_ONLY;
  }

  async #serveApi(exchange: Exchange, operation: Operation): Promise<void> {
    exchange.operation = operation;
    exchange.route = operation.template;
    this.#enter(exchange, operation);
    await this.#identify(exchange, operation);
    await this.#countRequest(exchange, operation);
    await this.#options.proxy.forward(exchange, operation);
  }

  async #serveOwnPage(exchange: Exchange): Promise<void> {
    const { request, response, target } = exchange;
    exchange.route = target.path;
    this.#enter(exchange, undefined);
    // Probes of load balancers come from few addresses and often.
    if (target.path !== '/health') await this.#countRequest(exchange, undefined);
    const headers = commonHeaders(exchange, this.#options.origins);
    for (let index = 0; index + 1 < headers.length; index += 2) {
      response.setHeader(headers[index] ?? '', headers[index + 1] ?? '');
    }
    this.#options.ownPages(request, response);
  }

  /** Takes a place among the requests in flight, or among the streams, until the answer ends. @throws Problem */
  #enter({ response }: Exchange, operation: Operation | undefined): void {
    if (operation?.traffic !== 'stream') {
      this.#door.enter();
      response.once('close', () => this.#door.leave());
      return;
    }
    if (this.#streams.size >= this.#options.streamsMax) {
      throw new Problem('unavailable', 'streams_exhausted', 'Too many streams are open. Try again later.', {
        retryAfterSeconds: 5,
      });
    }
    this.#streams.add(response);
    streamsOpen.set(this.#streams.size);
    response.once('close', () => {
      this.#streams.delete(response);
      streamsOpen.set(this.#streams.size);
    });
  }

  async #identify(exchange: Exchange, operation: Operation): Promise<void> {
    // Like the service itself, which takes no notice of a token there.
    if (operation.open) return;
    const authenticated = await authenticate(exchange, this.#options);
    if (authenticated === undefined) return;
    const { principal, authorization } = authenticated;
    exchange.principal = principal;
    exchange.authorization = authorization;
    const { tenantId: id } = principal;
    exchange.tenant = { id, settings: this.#options.tenants.known(id), fromHost: false };
  }

  async #countRequest(exchange: Exchange, operation: Operation | undefined): Promise<void> {
    const { tenant, principal, client } = exchange;
    const { checkout = false, webhook = false } = operation ?? {};
    const address = addressGroup(client.address);
    const requester = { tenant: tenant.settings, principal, address, checkout, webhook };
    const taken = this.#options.limiter.take(limitsOf(requester, this.#options.defaults));
    // Most answers are there at once; waiting for them would cost a turn of the queue.
    const { states, refusedBy, retryAfterSeconds } = taken instanceof Promise ? await taken : taken;
    exchange.headers.push(...rateLimitHeaders(states, refusedBy));
    if (refusedBy) throw limited(refusedBy.policy, retryAfterSeconds);
  }
}

const READ_ONLY: RouteMatch = { kind: 'method_not_allowed', methods: ['GET', 'HEAD'] };

function unmatched(exchange: Exchange, match: Exclude<RouteMatch, { kind: 'found' }>): Problem {
  if (match.kind === 'not_found')
    return new Problem('not_found', 'route_not_found', 'There is no such route.');
  const methods = match.methods.join(', ');
  exchange.headers.push('allow', methods);
  return new Problem('method_not_allowed', 'method_not_allowed', `Use ${methods} here.`);
}

/** Preflights are answered here: a browser sends no token with them, and no service needs to see them. */
function answerOptions(exchange: Exchange, origins: Origins, methods: readonly string[]): void {
  const headers = ['allow', methods.join(', ')];
  const preflight = exchange.request.headers['access-control-request-method'] !== undefined;
  if (preflight && readingOrigin(exchange, origins) !== undefined) headers.push(...preflightHeaders(methods));
  answer(exchange, origins, { status: 204, headers });
}
