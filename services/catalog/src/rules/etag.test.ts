import { expect, test } from 'vitest';
import { isFresh, mayReplace, productEtag } from './etag.ts';

const state = { version: 3, stockVersion: 7, tenantVersion: 2, staff: false };
const etag = productEtag(state);

test('every part of the state changes the tag', () => {
  const others = [
    { ...state, version: 4 },
    { ...state, stockVersion: 8 },
    { ...state, tenantVersion: 3 },
    { ...state, staff: true },
  ].map(productEtag);
  expect(new Set([etag, ...others]).size).toBe(5);
});

test.each([
  [undefined, false],
  [etag, true],
  [`W/${etag}`, true],
  [`"x", ${etag}`, true],
  ['*', true],
  ['"3-7-20"', false],
  ['3-7-2', false],
])('If-None-Match: %s is fresh: %s', (header, expected) => {
  expect(isFresh(header, etag)).toBe(expected);
});

test.each([
  [undefined, true],
  [etag, true],
  ['"3-99-2s"', true],
  ['"4-7-2"', false],
  ['"33-7-2"', false],
  ['"x", "3-1-1"', true],
  ['*', true],
  ['garbage(', false],
])('If-Match: %s may replace version 3: %s', (header, expected) => {
  expect(mayReplace(header, 3)).toBe(expected);
});
