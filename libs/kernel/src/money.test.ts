import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allocate,
  currencyExponent,
  formatMoney,
  grossTax,
  netTax,
  parseDecimal,
  sumCents,
} from './money.ts';

describe('allocate', () => {
  test.each<[string, number, number[], number[]]>([
    ['even split with a remainder goes to the first', 100, [1, 1, 1], [34, 33, 33]],
    ['by weight', 1000, [700, 200, 100], [700, 200, 100]],
    ['largest remainder first', 5, [3, 7], [2, 3]],
    ['all weights zero count as equal', 3, [0, 0], [2, 1]],
    ['a refund is negative', -100, [1, 1, 1], [-34, -33, -33]],
    ['nothing to split', 0, [1, 2], [0, 0]],
  ])('%s', (_name, total, weights, expected) => {
    expect(allocate(total, weights)).toEqual(expected);
  });

  test('no cent is lost, and every part is within one unit of its share', () => {
    const total = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
    const weights = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(total, weights, (cents, parts) => {
        const result = allocate(cents, parts);
        expect(sumCents(result)).toBe(cents);
        const whole = parts.reduce((sum, weight) => sum + weight, 0);
        result.forEach((part, index) => {
          const share = whole === 0 ? cents / parts.length : (cents * (parts[index] ?? 0)) / whole;
          expect(Math.abs(part - share)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  test('refuses an empty or negative list of weights', () => {
    expect(() => allocate(1, [])).toThrow(RangeError);
    expect(() => allocate(1, [1, -1])).toThrow(RangeError);
  });
});

describe('tax', () => {
  test.each([
    [1000, 2100, 210],
    [999, 2100, 210],
    [1, 5000, 1],
    [-1, 5000, -1],
    [0, 2100, 0],
  ])('%i net at %i bps is %i', (net, rate, tax) => expect(netTax(net, rate)).toBe(tax));

  test('tax inside a gross amount is the tax on its net, to a unit', () => {
    const gross = fc.integer({ min: 0, max: 100_000_000 });
    fc.assert(
      fc.property(gross, fc.integer({ min: 0, max: 10_000 }), (cents, rate) => {
        const tax = grossTax(cents, rate);
        expect(Math.abs(netTax(cents - tax, rate) - tax)).toBeLessThanOrEqual(1);
        expect(tax).toBeGreaterThanOrEqual(0);
        expect(tax).toBeLessThanOrEqual(cents);
      }),
    );
  });
});

describe('decimals', () => {
  test.each<[string, string, number | null]>([
    ['12.5', 'EUR', 1250],
    ['12.50', 'EUR', 1250],
    ['12.505', 'EUR', null],
    ['12.500', 'EUR', 1250],
    ['0.1', 'KWD', 100],
    ['12', 'JPY', 12],
    ['12.1', 'JPY', null],
    ['-3.20', 'EUR', -320],
    ['-0', 'EUR', 0],
    ['1e3', 'EUR', null],
    ['', 'EUR', null],
    ['99999999999999', 'EUR', null],
  ])('%s %s', (text, currency, cents) => expect(parseDecimal(text, currency)).toBe(cents));

  test('exponents follow ISO 4217', () => {
    expect([currencyExponent('EUR'), currencyExponent('JPY'), currencyExponent('KWD')]).toEqual([2, 0, 3]);
  });

  test('is written as the locale writes it', () => {
    expect(formatMoney(123450, 'EUR', 'es-ES').replaceAll(/\s/g, ' ')).toBe('1234,50 €');
    expect(formatMoney(1234, 'JPY', 'en-US')).toBe('¥1,234');
  });
});
