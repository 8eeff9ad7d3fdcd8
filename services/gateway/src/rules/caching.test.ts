import { describe, expect, test } from 'vitest';
import { freshnessOf, matchesEtag } from './caching.ts';

describe('freshnessOf', () => {
  test.each([
    ['public with an age', ['cache-control', 'public, max-age=60'], { storable: true, freshMs: 60_000 }],
    [
      'the age for shared caches',
      ['cache-control', 'public, max-age=5, s-maxage=9'],
      { storable: true, freshMs: 9000 },
    ],
    ['names in any case', ['Cache-Control', 'Public, Max-Age="5"'], { storable: true, freshMs: 5000 }],
    [
      'must be validated',
      ['cache-control', 'public, no-cache', 'etag', '"1"'],
      { storable: true, freshMs: 0 },
    ],
    ['an age of zero', ['cache-control', 'public, max-age=0', 'etag', '"1"'], { storable: true, freshMs: 0 }],
    ['no way to validate', ['cache-control', 'public, no-cache'], { storable: false, freshMs: 0 }],
    ['a broken age', ['cache-control', 'public, max-age=soon'], { storable: false, freshMs: 0 }],
    ['nothing said', ['etag', '"1"'], { storable: false, freshMs: 0 }],
    ['not public', ['cache-control', 'max-age=60'], { storable: false, freshMs: 0 }],
    ['private', ['cache-control', 'public, private, max-age=60'], { storable: false, freshMs: 0 }],
    ['no-store', ['cache-control', 'public, no-store, max-age=60'], { storable: false, freshMs: 0 }],
    [
      'a cookie',
      ['cache-control', 'public, max-age=60', 'set-cookie', 'a=1'],
      { storable: false, freshMs: 0 },
    ],
    [
      'the language',
      ['cache-control', 'public, max-age=1', 'vary', 'Accept-Language, Authorization'],
      { storable: true, freshMs: 1000 },
    ],
    [
      'the browser',
      ['cache-control', 'public, max-age=60', 'vary', 'User-Agent'],
      { storable: false, freshMs: 0 },
    ],
    ['everything', ['cache-control', 'public, max-age=60', 'vary', '*'], { storable: false, freshMs: 0 }],
    [
      'plain, could be packed',
      ['cache-control', 'public, max-age=1', 'vary', 'accept-encoding'],
      { storable: true, freshMs: 1000 },
    ],
    [
      'packed',
      ['cache-control', 'public, max-age=1', 'vary', 'accept-encoding', 'content-encoding', 'gzip'],
      { storable: false, freshMs: 0 },
    ],
  ])('%s', (_name, headers, expected) => {
    expect(freshnessOf(200, headers)).toEqual(expected);
  });

  test.each([201, 206, 301, 304, 404, 500])('%d is not kept', (status) => {
    expect(freshnessOf(status, ['cache-control', 'public, max-age=60']).storable).toBe(false);
  });
});

describe('matchesEtag', () => {
  test.each([
    ['"1"', '"1"', true],
    ['W/"1"', '"1"', true],
    ['"1"', 'W/"1"', true],
    ['"0", "1"', '"1"', true],
    ['*', '"1"', true],
    ['"2"', '"1"', false],
    [undefined, '"1"', false],
    ['"1"', undefined, false],
  ])('%s of %s', (ifNoneMatch, etag, expected) => {
    expect(matchesEtag(ifNoneMatch, etag)).toBe(expected);
  });
});
