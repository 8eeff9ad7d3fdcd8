import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holdsCardNumber } from './card-number.ts';
import { newId } from './ids.ts';

describe('holdsCardNumber', () => {
  test.each([
    '4242424242424242',
    '4242 4242 4242 4242',
    '4242-4242-4242-4242',
    '3782 822463 10005',
    '6011111111111117',
    '4222222222222',
    'pm_4242424242424242',
    'card4242424242424242x',
    'my card is 5555 5555 5555 4444, thank you',
    '4242 4242 4242 4242 12/34',
    '12 4242424242424242',
    '4242 4242 4242 4242 123',
    '４２４２４２４２４２４２４２４２',
  ])('finds one in %s', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });

  test.each([
    '',
    'pm_card_visa',
    'pm_1MtwBwLkdIwHu7ix28a3tqPa',
    '4242424242424241',
    '424242424242',
    '0000000000000000',
    '20261122000123456789',
    'transfer of 22 November 2026, invoice 2026-000042',
    '+34 600 123 456',
    // The digits alone would pass as numbers of cards.
    'd63c20dc-0fa4-4070-9548-9228b3b43f21',
    'refund-1790000000009',
    'ES72 4242 4242 4242 4242 0000',
    'DE27 4242 4242 4242 4242 00',
    'room 4242 4242 4242 4242 4242',
    '1234567890123452',
  ])('finds none in %s', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });

  test.each(['a', '4', '4 ', '4444 ', 'a1', 'ES91', 'ES91 '])(
    'a text of a million times %j is answered, too',
    (part) => {
      expect(holdsCardNumber(part.repeat(1_000_000))).toBe(false);
    },
  );

  test('keys and ids are not taken for one, whatever their digits', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => !holdsCardNumber(uuid)),
      { numRuns: 20_000 },
    );
    for (let count = 0; count < 2000; count += 1) expect(holdsCardNumber(newId('order'))).toBe(false);
  });

  test('every number with its check digit is found, in one run and as printed; with any other digit it is not', () => {
    const number = fc
      .constantFrom(
        { prefix: '4', length: 13 },
        { prefix: '4', length: 16 },
        { prefix: '4', length: 19 },
        { prefix: '51', length: 16 },
        { prefix: '2720', length: 16 },
        { prefix: '37', length: 15 },
        { prefix: '36', length: 14 },
        { prefix: '6', length: 17 },
      )
      .chain(({ prefix, length }) => {
        const rest = length - 1 - prefix.length;
        return fc
          .array(fc.integer({ min: 0, max: 9 }), { minLength: rest, maxLength: rest })
          .map((digits) => [...prefix.split('').map(Number), ...digits]);
      });
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 9 }), (body, other) => {
        const check = checkDigit(body);
        const right = [...body, check].join('');
        const wrong = [...body, (check + other) % 10].join('');
        expect([right, wrong].map(holdsCardNumber)).toEqual([true, false]);
        if (![15, 16, 19].includes(right.length)) return;
        const shape = right.length === 15 ? /^(.{4})(.{6})(.{5})$/ : /^(.{4})(.{4})(.{4})(.{4})(.*)$/;
        expect(holdsCardNumber(`pay ${right.replace(shape, '$1 $2 $3 $4 $5').trim()}, 12/34`)).toBe(true);
      }),
    );
  });
});

/** Luhn, the other way round than the rule computes it. */
function checkDigit(body: readonly number[]): number {
  const sum = body.toReversed().reduce((total, digit, index) => {
    const doubled = index % 2 === 0 ? digit * 2 : digit;
    return total + Math.floor(doubled / 10) + (doubled % 10);
  }, 0);
  return (10 - (sum % 10)) % 10;
}
