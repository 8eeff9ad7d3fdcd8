/** How long a browser may remember a preflight. */
const MAX_AGE_SECONDS = 7200;

const REQUEST_HEADERS = [
  'Accept-Language',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'Traceparent',
  'X-Api-Key',
  'X-Cart-Token',
  'X-Idempotency-Key',
  'X-Request-Id',
  'X-Tenant',
].join(', ');

const ANSWER_HEADERS = [
  'Age',
  'Content-Disposition',
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Cart-Token',
  'X-Request-Id',
].join(', ');

/**
 * The value of `Access-Control-Allow-Origin`: the origin itself, never `*`, so that no cache and no later change can open one
 * shop's answers to all. Credentials are never allowed: tokens travel in headers, and there are no cookies.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function allowedOrigin(origin: string | undefined, allowed: readonly string[]): string | undefined {
  if (origin === undefined || origin === 'null') return undefined;
  return allowed.includes(origin) || allowed.includes('*') ? origin : undefined;
}

/** Headers of an answer to a permitted origin. */
export function corsHeaders(origin: string): string[] {
  return ['access-control-allow-origin', origin, 'access-control-expose-headers', ANSWER_HEADERS];
}

/** What the answer to a preflight from a permitted origin has beyond that. */
export function preflightHeaders(methods: readonly string[]): string[] {
  return [
    'access-control-allow-methods',
    methods.join(', '),
    'access-control-allow-headers',
    REQUEST_HEADERS,
    'access-control-max-age',
    String(MAX_AGE_SECONDS),
  ];
}
