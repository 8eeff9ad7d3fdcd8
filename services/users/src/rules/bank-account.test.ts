import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountNumberFault, isBic, normalAccountNumber } from './bank-account.ts';

const IBAN_WRONG = 'is not a valid IBAN: its length or its check digits are wrong';

describe('the number of an account', () => {
  test.each([
    ['ES9121000418450200051332', 'ES9121000418450200051332'],
    ['es91 2100 0418 4502 0005 1332', 'ES9121000418450200051332'],
    ['  GB29\u00a0NWBK 6016 1331 9268 19\n', 'GB29NWBK60161331926819'],
    ['F R 1 4 20041010050500013M02606', 'FR1420041010050500013M02606'],
    ['000-1234-56789', '000-1234-56789'],
    [' 026 009 593\t1234 ', '026 009 593 1234'],
    ['1234', '1234'],
    ['1'.repeat(34), '1'.repeat(34)],
    // A CLABE that would pass as the number of a card, in the groups of banks.
    ['646 180 15700000005 9', '646 180 15700000005 9'],
  ])('%j is kept as %s', (text, expected) => {
    const normal = normalAccountNumber(text);
    expect(normal).toBe(expected);
    expect(accountNumberFault(normal)).toBeUndefined();
    expect(normalAccountNumber(normal)).toBe(normal);
  });

  test.each([
    ['ES9121000418450200051333', IBAN_WRONG],
    ['ES91 2100 0418 4502 0005 133', IBAN_WRONG],
    ['ES91-2100-0418-4502-0005-1332', IBAN_WRONG],
    ['ES91', IBAN_WRONG],
    ['ES9121000418450200051332 4242424242424242', IBAN_WRONG],
    ['123', /^must be an IBAN, or a national number/],
    ['1'.repeat(35), /^must be an IBAN/],
    ['12--34', /^must be an IBAN/],
    ['-1234', /^must be an IBAN/],
    ['1234-', /^must be an IBAN/],
    ['12/34567', /^must be an IBAN/],
    ['ABCD1234', /^must be an IBAN/],
    ['E91 2100 0418', /^must be an IBAN/],
    ['١٢٣٤٥٦', /^must be an IBAN/],
    ['', /^must be an IBAN/],
    ['4242424242424242', /^looks like a card number/],
    ['4242-4242-4242-4242', /^looks like a card number/],
    ['646180157000000059', /^looks like a card number/],
  ])('%j is refused', (text, expected) => {
    expect(accountNumberFault(normalAccountNumber(text))).toMatch(expected);
  });

  test('any one digit of an IBAN that is another one is refused, however it is written', () => {
    const iban = fc.constantFrom(
      'ES9121000418450200051332',
      'GB29 NWBK 6016 1331 9268 19',
      'de89 3704 0044 0532 0130 00',
      'FR14 2004 1010 0505 0001 3M02 606',
      'NO9386011117947',
    );
    fc.assert(
      fc.property(iban, fc.nat(), fc.integer({ min: 1, max: 9 }), (text, place, by) => {
        expect(accountNumberFault(normalAccountNumber(text))).toBeUndefined();
        const digits = [...text.matchAll(/\d/g)];
        const found = digits[place % digits.length];
        if (found === undefined) throw new Error('there are digits');
        const other = String((Number(found[0]) + by) % 10);
        const wrong = text.slice(0, found.index) + other + text.slice(found.index + 1);
        expect(accountNumberFault(normalAccountNumber(wrong))).toBe(IBAN_WRONG);
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ['DEUTDEFF', true],
  ['DEUTDEFF500', true],
  ['ZOCOESM0XXX', true],
  // Since 2014 the party may have digits.
  ['1A2BESMM', true],
  ['DEUTDEF', false],
  ['DEUTDEFF5', false],
  ['DEUTDEFF50', false],
  ['DEUTDEFF5000', false],
  ['DEUT1EFF', false],
  ['deutdeff', false],
  ['DEUT DEFF', false],
  ['DEUTDEFF\n', false],
  ['', false],
])('BIC %j: %s', (text, expected) => expect(isBic(text)).toBe(expected));
