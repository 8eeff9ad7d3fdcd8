import { netTax } from '@zoco/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refundCents, type RefundableOrder } from './refund-amount.ts';

const order = (pricesIncludeTax: boolean): RefundableOrder => ({
  id: 'ord',
  prices_include_tax: pricesIncludeTax,
  total_cents: 0,
  items: [
    { sku: 'a', quantity: 3, unit_price_cents: 100, tax_cents: 25 },
    { sku: 'b', quantity: 1, unit_price_cents: 999, tax_cents: 82 },
  ],
});

test.each([
  ['tax inside the price', true, { a: 2 }, 200],
  ['tax on top, in proportion and rounded down', false, { a: 2 }, 216],
  ['everything', false, { a: 3, b: 1 }, 1406],
  ['a product that was not ordered', false, { c: 5 }, 0],
  ['more than was ordered', true, { b: 9 }, 999],
])('%s', (_what, pricesIncludeTax, units, expected) => {
  expect(refundCents(order(pricesIncludeTax), new Map(Object.entries(units)))).toBe(expected);
});

test('refunds in parts never add up to more than was paid', () => {
  const input = fc.record({
    quantity: fc.integer({ min: 1, max: 50 }),
    price: fc.nat(100_000),
    rateBps: fc.nat(10_000),
    cuts: fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 10 }),
  });
  fc.assert(
    fc.property(input, ({ quantity, price, rateBps, cuts }) => {
      const tax = netTax(price * quantity, rateBps);
      const items = [{ sku: 'a', quantity, unit_price_cents: price, tax_cents: tax }];
      let left = quantity;
      let refunded = 0;
      for (const cut of cuts) {
        const part = Math.min(cut, left);
        left -= part;
        refunded += refundCents({ ...order(false), items }, new Map([['a', part]]));
      }
      expect(refunded).toBeLessThanOrEqual(price * quantity + tax);
    }),
  );
});
