import type { IncomingMessage } from 'node:http';
import { newId } from '@zoco/kernel';
import { REQUEST_ID_HEADER, type TenantDirectory } from '@zoco/service';
import type { Client, Exchange, NamedTenant } from './exchange.ts';
import { clientAddress } from './rules/client-address.ts';
import { headerOf, type IncomingHttpHeaders } from './rules/http-headers.ts';
import { queryValue } from './rules/request-target.ts';

export interface OpenExchangeOptions {
  readonly tenants: Pick<TenantDirectory, 'known' | 'byHostname'>;
  readonly isTrustedProxy: (address: string) => boolean;
}

/** What the server knows of a request. */
export type Arrival = Pick<Exchange, 'request' | 'response' | 'target' | 'startedMs' | 'lastOnConnection'>;

const REQUEST_ID = /^[\w.:-]{8,128}$/;

/** The state of a request before anything is checked. */
export function openExchange(arrival: Arrival, options: OpenExchangeOptions): Exchange {
  const { request, target } = arrival;
  const { headers } = request;
  const given = headerOf(headers, REQUEST_ID_HEADER);
  return {
    ...arrival,
    requestId: given !== undefined && REQUEST_ID.test(given) ? given : newId('event').replace('evt_', 'req_'),
    client: clientOf(request, options.isTrustedProxy),
    route: 'unmatched',
    operation: undefined,
    tenant: namedTenant(headers, target.query, options.tenants),
    principal: undefined,
    authorization: undefined,
    headers: [],
  };
}

function clientOf({ headers, socket }: IncomingMessage, isTrusted: (address: string) => boolean): Client {
  const peer = socket.remoteAddress ?? '';
  const address = clientAddress(peer, headerOf(headers, 'x-forwarded-for'), isTrusted);
  const proto = headerOf(headers, 'x-forwarded-proto');
  return { address, secure: proto === 'https' && isTrusted(peer) };
}

/** The tenant that a request without a token names: header, query, else the host name that it was sent to. */
function namedTenant(
  headers: IncomingHttpHeaders,
  query: string,
  tenants: OpenExchangeOptions['tenants'],
): NamedTenant {
  const id = headerOf(headers, 'x-tenant') ?? queryValue(query, 'tenant_id');
  if (id !== undefined) return { id, settings: tenants.known(id), fromHost: false };
  const hostname = headerOf(headers, 'host')?.replace(/:\d*$/, '').toLowerCase() ?? '';
  const settings = tenants.byHostname(hostname);
  return { id: settings?.id, settings, fromHost: settings !== undefined };
}
