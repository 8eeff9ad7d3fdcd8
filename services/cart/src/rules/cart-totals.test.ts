import { CENTS_MAX, newId } from '@zoco/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LiveProduct, priceCart, type StoredLine } from './cart-totals.ts';

const product = { sku: 'a', name: 'A', image_url: null, price_cents: 1000, currency: 'EUR' };
const id = newId('product');
const line = (overrides: Partial<StoredLine> = {}): StoredLine => ({
  product_id: id,
  quantity: 2,
  added_price_cents: 1000,
  added_at: '2026-01-01T00:00:00.000Z',
  copy: { ...product, deleted: false },
  ...overrides,
});
const live = (overrides: Partial<LiveProduct> = {}) =>
  new Map([[id, { ...product, stock: 5, ...overrides }]]);

test.each([
  ['as it was', line(), live(), { flags: [], subtotal_cents: 2000, stock: 5 }],
  ['dearer', line(), live({ price_cents: 1100 }), { flags: ['price_changed'], subtotal_cents: 2200 }],
  ['too few', line({ quantity: 6 }), live(), { flags: ['short'], subtotal_cents: 6000 }],
  ['none left, cheaper', line(), live({ stock: 0, price_cents: 9 }), { flags: ['short', 'price_changed'] }],
  [
    'not known to catalog',
    line(),
    new Map<string, LiveProduct>(),
    { flags: ['unavailable'], subtotal_cents: null, name: 'A' },
  ],
  ['another currency', line(), live({ currency: 'USD' }), { flags: ['unavailable'], subtotal_cents: null }],
  [
    'beyond any order',
    line(),
    live({ price_cents: CENTS_MAX }),
    { flags: ['unavailable'], subtotal_cents: null },
  ],
  ['catalog away', line(), undefined, { flags: [], subtotal_cents: 2000, stock: null, name: 'A' }],
  [
    'catalog away, deleted',
    line({ copy: { ...product, deleted: true } }),
    undefined,
    { flags: ['unavailable'] },
  ],
  ['catalog away, price changed', line({ added_price_cents: 900 }), undefined, { flags: ['price_changed'] }],
  ['catalog away, nothing known', line({ copy: null }), undefined, { flags: ['unavailable'], name: null }],
])('a line: %s', (_name, stored, now, expected) => {
  const cart = priceCart([stored], now, 'EUR');
  expect(cart.items).toMatchObject([expected]);
  expect(cart.stale).toBe(now === undefined);
});

test('the subtotal is the sum of the lines that can be bought', () => {
  const lines = fc.array(
    fc.record({
      quantity: fc.integer({ min: 1, max: 10_000 }),
      price: fc.integer({ min: 0, max: 1e9 }),
      known: fc.boolean(),
    }),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(lines, (drawn) => {
      const stored = drawn.map(({ quantity }) => line({ product_id: newId('product'), quantity }));
      const now = new Map(
        stored.flatMap(({ product_id }, index) => {
          const { known, price } = drawn[index] ?? { known: false, price: 0 };
          return known ? [[product_id, { ...product, price_cents: price, stock: 1 }] as const] : [];
        }),
      );
      const cart = priceCart(stored, now, 'EUR');
      const expected = drawn.reduce(
        (sum, { quantity, price, known }) =>
          sum + (known && price * quantity <= CENTS_MAX ? price * quantity : 0),
        0,
      );
      expect(cart.subtotal_cents).toBe(expected);
      expect(cart.unit_count).toBe(drawn.reduce((sum, { quantity }) => sum + quantity, 0));
      for (const item of cart.items)
        expect(item.subtotal_cents === null).toBe(item.flags.includes('unavailable'));
    }),
  );
});
