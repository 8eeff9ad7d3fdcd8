import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TenantSettings } from '@zoco/contracts';
import type { Principal } from '@zoco/service';
import { allowedOrigin, corsHeaders } from './rules/cors.ts';
import { SECURITY_HEADERS, varyOf } from './rules/headers.ts';
import { headerOf } from './rules/http-headers.ts';
import type { RequestTarget } from './rules/request-target.ts';
import type { Operation } from './rules/route-table.ts';

/** One request and what is found out about it on its way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Monotonic clock. */
  readonly startedMs: number;
  readonly target: RequestTarget;
  readonly client: Client;
  /** Route pattern for metrics and logs; `unmatched` until one is found. */
  route: string;
  operation: Operation | undefined;
  tenant: NamedTenant;
  principal: Principal | undefined;
  /** Value of `Authorization` for the service. */
  authorization: string | undefined;
  /** Header names and values in turn, of limits and the like, that the answer will carry. */
  readonly headers: string[];
  /** Whether the connection ends with this answer. */
  readonly lastOnConnection: boolean;
}

export interface Client {
  readonly address: string;
  /** The client spoke TLS to a trusted proxy. */
  readonly secure: boolean;
}

/** The tenant as far as the head of a request tells; one in the body is its service's business. */
export interface NamedTenant {
  /** As the client wrote it, or from the host name. */
  readonly id: string | undefined;
  readonly settings: TenantSettings | undefined;
  readonly fromHost: boolean;
}

/** Where the CORS rules of an answer come from. */
export interface Origins {
  /** Every origin that any tenant allows: while the tenant is not known, as in a preflight, nobody's secret is read yet. */
  allowedByAny(origin: string): boolean;
}

/** Origin that may read the answer; undefined for requests that do not come from a web page of a shop. */
export function readingOrigin(exchange: Exchange, origins: Origins): string | undefined {
  const origin = headerOf(exchange.request.headers, 'origin');
  if (origin === undefined) return undefined;
  const { settings } = exchange.tenant;
  if (settings) return allowedOrigin(origin, settings.cors_origins);
  return origins.allowedByAny(origin) ? origin : undefined;
}

/** The headers of every answer that the gateway gives or passes on. */
export function commonHeaders(exchange: Exchange, origins: Origins, vary?: string): string[] {
  const headers = ['x-request-id', exchange.requestId, 'vary', varyOf(vary), ...SECURITY_HEADERS];
  if (exchange.client.secure) headers.push('strict-transport-security', 'max-age=31536000');
  if (exchange.lastOnConnection) headers.push('connection', 'close');
  const origin = readingOrigin(exchange, origins);
  if (origin !== undefined) headers.push(...corsHeaders(origin));
  headers.push(...exchange.headers);
  return headers;
}
