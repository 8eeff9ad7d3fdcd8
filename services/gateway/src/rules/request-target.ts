/** A request target split at its first `?`; `query` holds the `?`. */
export interface RequestTarget {
  readonly path: string;
  readonly query: string;
}

const PLAIN = /^\/[\w.~!$&'()*+,;=:@/-]*$/;
const ESCAPED = /^\/(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
// A slash, a backslash or a control character that only the next parser would see.
const HIDDEN = /%(?:2f|5c|7f|[01][0-9a-f])/i;

/**
 * Splits a request target, and refuses every one that another parser could read differently: whoever checks a path and
 * whoever serves it must see the same one. URL parsers resolve dot segments (escaped ones too) and take `\` for `/`.
 * @returns undefined when the target is refused
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
 */
export function parseTarget(target: string): RequestTarget | undefined {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  if (path.includes('//') || path.includes('/.') || !PLAIN.test(path)) {
    if (!isAcceptable(path)) return undefined;
  }
  return query.includes('#') ? undefined : { path, query };
}

function isAcceptable(path: string): boolean {
  return (
    ESCAPED.test(path) &&
    !path.includes('//') &&
    !DOT_SEGMENT.test(path) &&
    !HIDDEN.test(path) &&
    segmentsOf(path) !== undefined
  );
}

/** Segments of an absolute path, decoded; undefined when an escape is no UTF-8. */
export function segmentsOf(path: string): string[] | undefined {
  const segments = path.slice(1).split('/');
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** First value of a query parameter, decoded; undefined when it is missing or cannot be decoded. */
export function queryValue(query: string, name: string): string | undefined {
  if (!query.includes(name)) return undefined;
  return new URLSearchParams(query).get(name) ?? undefined;
}
