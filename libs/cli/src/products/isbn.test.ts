import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isbn13FromIsbn10, isbn13FromScientific, isIsbn13 } from './isbn.ts';

describe('ISBN-10 that lost its leading zeros', () => {
  test.each([
    ['0439023483', '9780439023481'],
    ['439023483', '9780439023481'],
    ['61120081', '9780061120084'],
    ['189221301X', '9781892213013'],
    ['43965548X', '9780439655484'],
    ['43965548x', '9780439655484'],
    [' 439023483 ', '9780439023481'],
  ])('%s', (isbn, expected) => {
    expect(isbn13FromIsbn10(isbn)).toBe(expected);
  });

  test.each([
    '',
    ' ',
    '0',
    '439023484',
    '43902348',
    '04390234833',
    'X439023483',
    '43X023483',
    '4390-23483',
    '１２３',
  ])('not %j', (text) => {
    // "0" is ten zeros, whose check digit happens to be right.
    expect(isbn13FromIsbn10(text)).toBe(text === '0' ? '9780000000002' : undefined);
  });

  const stem = fc.stringMatching(/^\d{9}$/);
  const isbn10 = stem.map((nine) => {
    const sum = Array.from(nine, Number).reduce((total, digit, index) => total + (10 - index) * digit, 0);
    const last = (11 - (sum % 11)) % 11;
    return nine + (last === 10 ? 'X' : String(last));
  });

  test('whatever zeros were lost, the same ISBN-13 with the right check digit comes back', () => {
    fc.assert(
      fc.property(isbn10, (isbn) => {
        const found = isbn13FromIsbn10(isbn.replace(/^0{1,9}/, ''));
        expect(found).toBe(isbn13FromIsbn10(isbn));
        expect(found?.slice(3, 12)).toBe(isbn.slice(0, 9));
        expect(isIsbn13(found ?? '')).toBe(true);
      }),
    );
  });

  test('one digit that is wrong is always seen', () => {
    fc.assert(
      fc.property(isbn10, fc.nat(8), fc.integer({ min: 1, max: 9 }), (isbn, place, by) => {
        const wrong = String((Number(isbn.charAt(place)) + by) % 10);
        expect(isbn13FromIsbn10(isbn.slice(0, place) + wrong + isbn.slice(place + 1))).toBeUndefined();
      }),
    );
  });
});

describe('ISBN-13 in scientific notation', () => {
  test.each([
    ['9780439023481', '9780439023481'],
    ['9.78055381395e+12', '9780553813951'],
  ])('%s', (text, expected) => {
    expect(isbn13FromScientific(text)).toBe(expected);
  });

  test.each(['', '76783609419.0', '6.45573003012e+11', '9.77043902348e+12', '9780439023480', 'NaN'])(
    'not %j',
    (text) => {
      expect(isbn13FromScientific(text)).toBeUndefined();
    },
  );

  test('gives the number that was rounded, or nothing', () => {
    const isbn13 = fc
      .stringMatching(/^97[89]\d{9}$/)
      .map((twelve) => Array.from('0123456789', (last) => twelve + last).find(isIsbn13) ?? '');
    let found = 0;
    fc.assert(
      fc.property(isbn13, (isbn) => {
        const written = Number(isbn).toExponential(11).replace(/0+e/, 'e');
        const read = isbn13FromScientific(written);
        expect([isbn, undefined]).toContain(read);
        if (read !== undefined) found += 1;
      }),
      { numRuns: 500 },
    );
    expect(found).toBeGreaterThan(100);
  });
});
