import { expect, test } from 'vitest';
import { isCountry } from './countries.ts';

test.each([
  ['ES', true],
  ['GB', true],
  ['XK', true],
  ['ZZ', false],
  ['UK', false],
  ['EU', false],
  ['es', false],
  ['ESP', false],
  ['', false],
])('%s: %s', (code, expected) => {
  expect(isCountry(code)).toBe(expected);
});

test('all of them are regions that have a name, and are 249 and Kosovo', () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
  const codes = letters.flatMap((first) => letters.map((second) => first + second)).filter(isCountry);
  expect(codes).toHaveLength(250);
  expect(codes.filter((code) => names.of(code) === undefined)).toEqual([]);
});
