import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { knownMethod } from './metrics.ts';

export interface AnsweredRequest {
  readonly method: string;
  /** Whole URL as the server saw it. */
  readonly url: string;
  /** Pattern of the route, or `unmatched`. */
  readonly route: string;
  readonly status: number;
}

/**
 * Writes what a server knows of a request onto its span. No query: it may hold what nobody should keep.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function describeRequest(span: Span, { method, url, route, status }: AnsweredRequest): void {
  const name = knownMethod(method);
  const { pathname, protocol, hostname, port } = new URL(url);
  const isMatched = route !== 'unmatched';
  if (isMatched) span.updateName(`${name} ${route}`);
  span.setAttributes({
    'http.request.method': name,
    ...(name === method ? {} : { 'http.request.method_original': method }),
    'url.path': pathname,
    'url.scheme': protocol.slice(0, -1),
    'server.address': hostname,
    ...(port === '' ? {} : { 'server.port': Number(port) }),
    ...(isMatched ? { 'http.route': route } : {}),
    'http.response.status_code': status,
    ...(status >= 500 ? { 'error.type': String(status) } : {}),
  });
  // A refusal is the client's error and not the server's.
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}
