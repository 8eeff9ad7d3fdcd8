import { headerOf, type IncomingHttpHeaders } from './http-headers.ts';

/** Headers of one connection, which end here. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What the gateway says itself, has used up, or must not be made to repeat. */
const OURS_TO_SERVICE = new Set([
  'host',
  'expect',
  'authorization',
  'forwarded',
  'traceparent',
  'tracestate',
  'true-client-ip',
  'via',
  'x-api-key',
  'x-client-ip',
  'x-real-ip',
  'x-request-id',
]);

/** Names that services take for the word of a neighbour. */
const TRUSTED_PREFIXES = ['x-zoco-', 'x-user-', 'x-forwarded-'];

const OURS_TO_CLIENT = new Set([
  'content-security-policy',
  'date',
  'ratelimit',
  'ratelimit-policy',
  'referrer-policy',
  'server',
  'strict-transport-security',
  'vary',
  'x-content-type-options',
  'x-frame-options',
  'x-powered-by',
  'x-request-id',
]);

/** The client's headers that go on to a service; those that the gateway sets are left out, whoever sent them. */
export function toService(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  const dropped = headerOf(headers, 'connection');
  const named = dropped === undefined ? undefined : connectionOptions(dropped);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || HOP_BY_HOP.has(name) || OURS_TO_SERVICE.has(name)) continue;
    if (name.startsWith('x-') && TRUSTED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (named?.has(name)) continue;
    kept[name] = value;
  }
  return kept;
}

/**
 * The service's headers that go on to the client, as `name, value, name, value …`.
 * @param raw names and values in turn, as they came
 */
export function toClient(raw: readonly string[]): string[] {
  const kept: string[] = [];
  const named = namedByConnection(raw);
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (HOP_BY_HOP.has(name) || OURS_TO_CLIENT.has(name) || named?.has(name)) continue;
    if (name.startsWith('x-zoco-') || name.startsWith('access-control-')) continue;
    kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}

function namedByConnection(raw: readonly string[]): ReadonlySet<string> | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (name.length === 10 && name.toLowerCase() === 'connection')
      return connectionOptions(raw[index + 1] ?? '');
  }
  return undefined;
}

function connectionOptions(value: string): ReadonlySet<string> | undefined {
  if (value === 'keep-alive' || value === 'close') return undefined;
  return new Set(value.split(',').map((option) => option.trim().toLowerCase()));
}

/** `Vary` of an answer: what the service said, and that the CORS headers depend on the origin. */
export function varyOf(fromService: string | undefined): string {
  if (fromService === undefined) return 'Origin';
  if (fromService.includes('*')) return '*';
  return /\borigin\b/i.test(fromService) ? fromService : `${fromService}, Origin`;
}

/** For an answer about which its service says nothing: kept by nobody; with a validator kept, but not used unasked. */
export function cacheControlOf(hasValidator: boolean): string {
  return hasValidator ? 'private, no-cache' : 'no-store';
}

/** Sent with every answer of the API: nothing here is a page, a frame or a script. */
export const SECURITY_HEADERS: readonly string[] = [
  'x-content-type-options',
  'nosniff',
  'x-frame-options',
  'DENY',
  'referrer-policy',
  'no-referrer',
  'content-security-policy',
  "default-src 'none'; frame-ancestors 'none'",
];
