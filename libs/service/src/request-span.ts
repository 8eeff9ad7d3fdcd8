import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { knownMethod } from './metrics.ts';

export interface AnsweredRequest {
  readonly method: string;
  readonly scheme: string;
  /** With the port, as the client named it. */
  readonly host: string;
  readonly path: string;
  /** Pattern of the route, or `unmatched`. */
  readonly route: string;
  readonly status: number;
}

const HOST = /^([\w.-]{1,255}|\[[\da-f:.]{2,45}\])(?::(\d{1,5}))?$/i;

/**
 * Writes what a server knows of a request onto its span. No query: it may hold what nobody should keep.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function describeRequest(
  span: Span,
  { method, scheme, host, path, route, status }: AnsweredRequest,
): void {
  const name = knownMethod(method);
  // A client may name anything; a URL object would cost more than the span.
  const [, address = 'localhost', port] = HOST.exec(host) ?? [];
  const isMatched = route !== 'unmatched';
  if (isMatched) span.updateName(`${name} ${route}`);
  span.setAttributes({
    'http.request.method': name,
    ...(name === method ? {} : { 'http.request.method_original': method }),
    'url.path': path,
    'url.scheme': scheme,
    'server.address': address,
    ...(port === undefined ? {} : { 'server.port': Number(port) }),
    ...(isMatched ? { 'http.route': route } : {}),
    'http.response.status_code': status,
    ...(status >= 500 ? { 'error.type': String(status) } : {}),
  });
  // A refusal is the client's error and not the server's.
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}
