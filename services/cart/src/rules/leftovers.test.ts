import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leftovers } from './leftovers.ts';

const of = (...pairs: [string, number][]) =>
  pairs.map(([product_id, quantity]) => ({ product_id, quantity }));

test.each([
  ['all was ordered', of(['a', 2]), of(['a', 2]), []],
  ['a line came', of(['a', 2], ['b', 1]), of(['a', 2]), of(['b', 1])],
  ['a line grew', of(['a', 5]), of(['a', 2]), of(['a', 3])],
  ['a line shrank', of(['a', 1]), of(['a', 2]), []],
  ['a line went', of(), of(['a', 2]), []],
  ['ordered in two lines', of(['a', 5]), of(['a', 2], ['a', 1]), of(['a', 2])],
])('%s', (_name, lines, ordered, expected) => {
  expect(leftovers(lines, ordered)).toEqual(expected);
});

test('what is left and what was ordered cover the cart, and nothing is left of it twice', () => {
  const cart = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 9 })), {
    selector: ([id]) => id,
  });
  fc.assert(
    fc.property(cart, cart, (lines, ordered) => {
      const rest = new Map(
        leftovers(of(...lines), of(...ordered)).map((line) => [line.product_id, line.quantity]),
      );
      const taken = new Map(ordered);
      for (const [id, quantity] of lines) {
        expect(rest.get(id) ?? 0).toBe(Math.max(0, quantity - (taken.get(id) ?? 0)));
      }
    }),
  );
});
