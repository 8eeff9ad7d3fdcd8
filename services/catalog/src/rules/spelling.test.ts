import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { alternativesOf, editDistance } from './spelling.ts';

test.each([
  ['potter', 'potter', 0],
  ['poter', 'potter', 1],
  ['haryr', 'harry', 1],
  ['tolkein', 'tolkien', 1],
  ['garsia', 'garcia', 1],
  ['marques', 'marquez', 1],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
])('from %s to %s it is %d', (a, b, expected) => {
  expect(editDistance(a, b)).toBe(expected);
});

test('a distance is symmetric, zero only for equals, and never longer than the longer word', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test.each([
  ['poter', ['potter', 'porter', 'peters', 'hotter'], ['poter', 'porter', 'potter']],
  ['tolkein', ['tolkien', 'token'], ['tolkein', 'tolkien', 'token']],
  ['it', ['is', 'at'], ['it']],
  ['cat', ['cart', 'cast', 'carts'], ['cat', 'cart', 'cast']],
  ['hunger', ['hunger'], ['hunger']],
])('%s may have meant one of %j', (word, candidates, expected) => {
  expect(alternativesOf(word, candidates)).toEqual(expected);
});

test('never more than eight alternatives', () => {
  const candidates = Array.from('abcdefghijkl', (letter) => `wor${letter}d`);
  expect(alternativesOf('word', candidates)).toHaveLength(8);
});
