import { newId } from '@zoco/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holdsCardNumber } from './card-number.ts';

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
    'ES91 2100 0418 4502 0005 1332'.slice(0, 14),
  ])('finds none in %s', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });

  test('ids and tokens are not taken for one', () => {
    for (let count = 0; count < 2000; count += 1) expect(holdsCardNumber(newId('order'))).toBe(false);
  });

  test('every number with its check digit is found, with any other it is not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 18 }),
        fc.integer({ min: 1, max: 9 }),
        (digits, other) => {
          const body = [4, ...digits.slice(1)];
          const check = checkDigit(body);
          expect(holdsCardNumber([...body, check].join(''))).toBe(true);
          expect(holdsCardNumber([...body, (check + other) % 10].join(''))).toBe(false);
        },
      ),
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
