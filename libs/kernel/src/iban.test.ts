import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holdsCardNumber } from './card-number.ts';
import { isIban } from './iban.ts';

/** Country, letters and digits after the check digits. */
const COUNTRIES = [
  ['NO', 11],
  ['BE', 12],
  ['DK', 14],
  ['NL', 14],
  ['AT', 16],
  ['CH', 17],
  ['DE', 18],
  ['GB', 18],
  ['PK', 20],
  ['ES', 20],
  ['FR', 23],
  ['MT', 27],
  ['LC', 28],
] as const;

/** The other way round than the rule computes it. */
function ibanOf(country: string, rest: string): string {
  const digits = Array.from(`${rest}${country}00`, (character) => Number.parseInt(character, 36)).join('');
  return `${country}${String(98n - (BigInt(digits) % 97n)).padStart(2, '0')}${rest}`;
}

const ibansOf = (characters: string) =>
  fc
    .constantFrom(...COUNTRIES)
    .chain(([country, length]) =>
      fc
        .string({ unit: fc.constantFrom(...characters.split('')), minLength: length, maxLength: length })
        .map((rest) => ibanOf(country, rest)),
    );
const ibans = ibansOf('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');
const grouped = (iban: string) => iban.replaceAll(/.{4}(?=.)/g, '$& ');

describe('isIban', () => {
  test.each([
    'ES9121000418450200051332',
    'GB29NWBK60161331926819',
    'DE89370400440532013000',
    'FR1420041010050500013M02606',
    'NO9386011117947',
    'MT84MALT011000012345MTLCAST001S',
    'LC55HEMM000100010012001200023015',
    // Of a country that the table does not know.
    ibanOf('ZZ', '0123456789ABCDEF'),
  ])('%s is one', (text) => {
    expect(isIban(text)).toBe(true);
  });

  test.each([
    ['a wrong digit', 'ES9121000418450200051333'],
    ['two digits changed over', 'ES9121000418450200053132'],
    ['one digit too few, check digits right', ibanOf('ES', '2100041845020005133')],
    ['one too many', ibanOf('ES', '210004184502000513321')],
    ['small letters', 'es9121000418450200051332'],
    ['spaces', 'ES91 2100 0418 4502 0005 1332'],
    ['no country', '9121000418450200051332'],
    ['too short for any', ibanOf('ZZ', '0123456789')],
    ['too long for any', ibanOf('ZZ', '0'.repeat(31))],
    ['a line below it', 'ES9121000418450200051332\n'],
    ['nothing', ''],
  ])('%s', (_name, text) => {
    expect(isIban(text)).toBe(false);
  });

  test('check digits are of 02 to 98, though others would leave the same remainder', () => {
    // 02 and 99, 97 and 00, 98 and 01 are alike to the remainder.
    const all = Array.from({ length: 10_000 }, (_, index) => ibanOf('ES', String(index).padStart(20, '0')));
    for (const [right, alike] of [
      ['02', '99'],
      ['97', '00'],
      ['98', '01'],
    ] as const) {
      const iban = all.find((one) => one.slice(2, 4) === right) ?? '';
      expect([iban, `ES${alike}${iban.slice(4)}`].map(isIban)).toEqual([true, false]);
    }
  });

  test('every number with its check digits is one; with any one digit changed it is none', () => {
    fc.assert(
      fc.property(ibans, fc.nat(), fc.integer({ min: 1, max: 9 }), (iban, place, by) => {
        expect(isIban(iban)).toBe(true);
        const digits = [...iban.matchAll(/\d/g)];
        const found = digits[place % digits.length];
        if (found === undefined) throw new Error('check digits are digits');
        const changed = String((Number(found[0]) + by) % 10);
        expect(isIban(iban.slice(0, found.index) + changed + iban.slice(found.index + 1))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an IBAN is no card number', () => {
  test('none is taken for one, whatever its digits: together, in groups, in small letters, in a sentence', () => {
    const digitsOnly = ibansOf('0123456789');
    fc.assert(
      fc.property(fc.oneof(ibans, digitsOnly), (iban) => {
        for (const text of [iban, grouped(iban), iban.toLowerCase(), `paid from ${grouped(iban)} on 4 May`])
          expect(holdsCardNumber(text)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    // Without the check digits these are numbers of cards.
    ibanOf('DK', '42424242424242'),
    ibanOf('BE', '000000000000'),
    `PK${ibanOf('PK', 'SCBL4242424242424242').slice(2)}`,
    grouped(ibanOf('PK', 'SCBL4242424242424242')),
  ])('%s', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });

  test.each([
    ['one behind an account', 'ES91 2100 0418 4502 0005 1332 4242 4242 4242 4242'],
    ['one before it', '4242 4242 4242 4242 ES91 2100 0418 4502 0005 1332'],
    ['one around it', '4242 4242 ES9121000418450200051332 4242 4242 4242 4242'],
    ['one behind letters and digits that are no account', 'ES91 4242424242424242'],
    ['one in an account with a wrong digit', 'PK37SCBL4242424242424242'],
  ])('%s is found all the same', (_name, text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });
});
