import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compactIsbn, isAcceptableIsbn, isIsbn, repairIsbn } from './isbn.ts';

test.each([
  ['0439023483', true],
  ['043902348X', false],
  ['080442957X', true],
  ['9780439023481', true],
  ['9780439023482', false],
  ['978043902348', false],
  ['', false],
  ['97804390234811', false],
])('isIsbn(%s) is %s', (text, expected) => {
  expect(isIsbn(text)).toBe(expected);
});

test.each([
  ['978-0-439-02348-1', true],
  ['0-439-02348-3', true],
  ['978-1234567890', false],
  ['0-439-02348-4', false],
  // No ISBN claims to have these lengths.
  ['439023483', true],
  ['SBN 439', true],
])('isAcceptableIsbn(%s) is %s', (text, expected) => {
  expect(isAcceptableIsbn(text)).toBe(expected);
});

describe('repairIsbn', () => {
  test.each([
    ['439023483', '0439023483'],
    ['61120081', '0061120081'],
    ['978-0-439-02348-1', '9780439023481'],
    ['9.78043902348e+12', null],
    ['9.78159448E+12', null],
    ['9E+12', null],
    ['812971060', '812971060'],
    ['MUSIC-7', 'MUSIC-7'],
    ['123', '123'],
  ])('%s becomes %s', (text, expected) => {
    expect(repairIsbn(text)).toBe(expected);
  });

  test('puts back whatever leading zeros a spreadsheet took', () => {
    const isbn10 = fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 999_999 }))
      .map(([zeros, n]) => {
        const body = ('0'.repeat(zeros) + '9'.repeat(9 - zeros - 6) + String(n).padStart(6, '0')).slice(0, 9);
        const sum = Array.from(body).reduce((total, digit, at) => total + (10 - at) * Number(digit), 0);
        const check = (11 - (sum % 11)) % 11;
        return body + (check === 10 ? 'X' : String(check));
      });
    fc.assert(
      fc.property(isbn10, (isbn) => {
        const stripped = isbn.replace(/^0+/, '');
        fc.pre(stripped.length >= 7);
        expect(repairIsbn(stripped)).toBe(isbn);
      }),
    );
  });
});

test('hyphens and spaces do not count', () => {
  expect(compactIsbn(' 0-8044-2957-x ')).toBe('080442957X');
});
