import { type Id, newId, Problem } from '@zoco/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesInOrder, type PriceRules, type ReservedLine, type Totals, totalsOf } from './totals.ts';

const product = newId('product');
const line = (unit: number, quantity: number, rate: number, currency = 'EUR'): ReservedLine => ({
  product_id: product,
  sku: 'sku',
  name: 'name',
  category: null,
  quantity,
  unit_price_cents: unit,
  currency,
  tax_rate_bps: rate,
});
const rules = (overrides: Partial<PriceRules> = {}): PriceRules => ({
  currency: 'EUR',
  pricesIncludeTax: true,
  shippingCents: 0,
  shippingTaxRateBps: 0,
  ...overrides,
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** What holds for every order, whatever was bought. */
function expectExact(totals: Totals, pricesIncludeTax: boolean): void {
  const { items, subtotalCents, taxCents, shippingCents, shippingTaxCents, totalCents } = totals;
  for (const item of items) expect(item.subtotal_cents).toBe(item.unit_price_cents * item.quantity);
  expect(subtotalCents).toBe(sum(items.map((item) => item.subtotal_cents)));
  expect(taxCents).toBe(sum(items.map((item) => item.tax_cents)) + shippingTaxCents);
  expect(totalCents).toBe(subtotalCents + shippingCents + (pricesIncludeTax ? 0 : taxCents));
  expect(taxCents).toBeLessThanOrEqual(totalCents);
}

const cases: [string, ReservedLine[], Partial<PriceRules>, Partial<Totals>][] = [
  [
    'two books and shipping, tax inside',
    [line(1299, 2, 400)],
    { shippingCents: 350, shippingTaxRateBps: 400 },
    { subtotalCents: 2598, taxCents: 113, shippingTaxCents: 13, totalCents: 2948 },
  ],
  [
    'the same, tax on top',
    [line(1299, 2, 400)],
    { pricesIncludeTax: false, shippingCents: 350, shippingTaxRateBps: 400 },
    { subtotalCents: 2598, taxCents: 118, shippingTaxCents: 14, totalCents: 3066 },
  ],
  [
    'rounded per line and not over the order: 3 × 0.5 cents make 3 cents',
    [line(5, 1, 1000), line(5, 1, 1000), line(5, 1, 1000)],
    { pricesIncludeTax: false },
    { subtotalCents: 15, taxCents: 3, totalCents: 18 },
  ],
  [
    'rates side by side',
    [line(10_000, 1, 2100), line(10_000, 1, 400), line(10_000, 1, 0)],
    { pricesIncludeTax: false },
    { taxCents: 2500, totalCents: 32_500 },
  ],
  [
    'yen have no decimals',
    [line(999, 3, 1000, 'JPY')],
    { currency: 'JPY' },
    { taxCents: 272, totalCents: 2997 },
  ],
  ['only shipping costs', [line(0, 1, 400)], { shippingCents: 350 }, { totalCents: 350 }],
  ['the largest order', [line(1_000_000, 1_000_000, 0)], {}, { totalCents: 1_000_000_000_000 }],
];

describe('totalsOf', () => {
  test.each(cases)('%s', (_name, lines, overrides, expected) => {
    const given = rules(overrides);
    const totals = totalsOf(lines, given);
    expect(totals).toMatchObject(expected);
    expectExact(totals, given.pricesIncludeTax);
  });

  test.each<[string, ReservedLine[], Partial<PriceRules>, string]>([
    ['a line in another currency', [line(1, 1, 0), line(1, 1, 0, 'USD')], {}, 'order_currency_mixed'],
    ['more than money holds', [line(1_000_001, 1_000_000, 0)], {}, 'order_total_too_large'],
    [
      'more than money holds by its tax alone',
      [line(1_000_000, 1_000_000, 1)],
      { pricesIncludeTax: false },
      'order_total_too_large',
    ],
    ['nothing to pay', [line(0, 5, 400)], {}, 'order_total_zero'],
  ])('refuses %s', (_name, lines, overrides, code) => {
    expect(() => totalsOf(lines, rules(overrides))).toThrow(expect.objectContaining({ code }));
  });

  // EUR, JPY and KWD have 2, 0 and 3 decimals; amounts are minor units in each.
  test.each(['EUR', 'JPY', 'KWD'])('no %s is lost or made up, whatever is bought', (currency) => {
    const anyLine = fc
      .tuple(
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 10_000 }),
      )
      .map(([unit, quantity, rate]) => line(unit, quantity, rate, currency));
    const anyRules = fc.record({
      currency: fc.constant(currency),
      pricesIncludeTax: fc.boolean(),
      shippingCents: fc.integer({ min: 1, max: 100_000 }),
      shippingTaxRateBps: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 50 }), anyRules, (lines, given) => {
        const totals = totalsOf(lines, given);
        expectExact(totals, given.pricesIncludeTax);
        for (const [index, item] of totals.items.entries()) {
          const rate = lines[index]?.tax_rate_bps ?? 0;
          const exact = given.pricesIncludeTax
            ? (item.subtotal_cents * rate) / (10_000 + rate)
            : (item.subtotal_cents * rate) / 10_000;
          expect(Math.abs(item.tax_cents - exact)).toBeLessThanOrEqual(0.5 + 1e-6);
        }
      }),
    );
  });

  test('the order of lines does not change what is paid', () => {
    const anyLines = fc.array(
      fc.tuple(fc.nat(100_000), fc.integer({ min: 1, max: 50 }), fc.nat(10_000)).map((args) => line(...args)),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(anyLines, fc.boolean(), (lines, pricesIncludeTax) => {
        const given = rules({ pricesIncludeTax, shippingCents: 1 });
        expect(totalsOf(lines.toReversed(), given).totalCents).toBe(totalsOf(lines, given).totalCents);
      }),
    );
  });
});

describe('linesInOrder', () => {
  const ids = [newId('product'), newId('product')] as const;
  const reserved = (id: Id<'product'>, quantity: number) => ({ ...line(1, quantity, 0), product_id: id });

  test('follows the request, whatever order the catalog answers in', () => {
    const requested = ids.map((id, index) => ({ product_id: id, quantity: index + 1 }));
    const lines = linesInOrder(requested, [reserved(ids[1], 2), reserved(ids[0], 1)]);
    expect(lines.map((one) => one.product_id)).toEqual(ids);
  });

  test.each([
    ['another quantity', [reserved(ids[0], 2)]],
    ['another product', [reserved(ids[1], 1)]],
    ['a line too many', [reserved(ids[0], 1), reserved(ids[1], 1)]],
    ['nothing', []],
  ])('does not take %s for what was asked', (_name, lines) => {
    const error = expect.not.objectContaining({ constructor: Problem });
    expect(() => linesInOrder([{ product_id: ids[0], quantity: 1 }], lines)).toThrow(error);
  });
});
