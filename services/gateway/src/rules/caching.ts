import { rawHeader } from './http-headers.ts';

/** What `Cache-Control` of an answer lets a shared cache do. */
export interface Freshness {
  readonly storable: boolean;
  /** Time for which it may be used without asking. */
  readonly freshMs: number;
}

const NOT_STORABLE: Freshness = { storable: false, freshMs: 0 };

/** The headers that are part of the key of the cache; an answer that depends on others is not kept. */
const KEYED = new Set(['accept', 'accept-language', 'authorization', 'origin', 'x-tenant', 'x-api-key']);

/**
 * Whether an answer may be kept for other clients: only what its service marks `public`, without cookies, in full, and
 * depending on nothing but what the key holds. Without an age it must be validated each time, which takes an ETag.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-3
 */
export function freshnessOf(status: number, headers: readonly string[]): Freshness {
  const control = rawHeader(headers, 'cache-control');
  if (status !== 200 || control === undefined) return NOT_STORABLE;
  const directives = parseCacheControl(control);
  if (!directives.has('public') || directives.has('no-store') || directives.has('private'))
    return NOT_STORABLE;
  if (rawHeader(headers, 'set-cookie') !== undefined || !variesByKey(rawHeader(headers, 'vary'), headers))
    return NOT_STORABLE;
  const age = directives.get('s-maxage') ?? directives.get('max-age');
  const seconds = directives.has('no-cache') ? 0 : Number(age ?? 0);
  const freshMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  return { storable: freshMs > 0 || rawHeader(headers, 'etag') !== undefined, freshMs };
}

/** Directives by lower-case name, with their values less the quotes. */
export function parseCacheControl(value: string): Map<string, string> {
  return new Map(
    value.split(',').map((directive) => {
      const [name = '', argument = ''] = directive.split('=');
      return [name.trim().toLowerCase(), argument.trim().replaceAll('"', '')];
    }),
  );
}

function variesByKey(vary: string | undefined, headers: readonly string[]): boolean {
  if (vary === undefined) return true;
  return vary.split(',').every((part) => {
    const name = part.trim().toLowerCase();
    // The plain form is right for everybody.
    if (name === 'accept-encoding') return rawHeader(headers, 'content-encoding') === undefined;
    return KEYED.has(name);
  });
}

/** Whether `If-None-Match` names this ETag, by the weak comparison. @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === opaque);
}
