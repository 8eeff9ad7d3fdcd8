import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEmail, normalizeEmail } from './email.ts';

describe('the normal form', () => {
  test.each([
    ['Ana@Example.COM', 'ana@example.com'],
    ['  ana@example.com ', 'ana@example.com'],
    ['JOSE\u0301@example.com', 'josé@example.com'],
    ['JOSÉ@example.com', 'josé@example.com'],
    ['İ@example.com', 'i̇@example.com'],
  ])('%s is %s', (text, normal) => expect(normalizeEmail(text)).toBe(normal));

  test('is its own normal form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = normalizeEmail(text);
        expect(normalizeEmail(once)).toBe(once);
      }),
    );
  });
});

describe('what can be an address', () => {
  test.each([
    'ana@example.com',
    'a@b.co',
    'first.last+tag@sub.example.co.uk',
    "o'brien@example.ie",
    'josé@correos.example',
    '用户@例子.公司',
    `${'a'.repeat(64)}@example.com`,
  ])('%s', (text) => expect(isEmail(text)).toBe(true));

  test.each([
    '',
    'ana',
    'ana@',
    '@example.com',
    'ana@example',
    'ana@@example.com',
    'ana@example..com',
    'ana@-example.com',
    '.ana@example.com',
    'ana.@example.com',
    'a..na@example.com',
    'ana example@example.com',
    'ana@exam ple.com',
    'ana@example.com\nbcc: x@example.com',
    '"ana"@example.com',
    'ana@[127.0.0.1]',
    'Ana <ana@example.com>',
    'ana@example.com,eva@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a'.repeat(64)}.com`,
    `a@${'b.'.repeat(130)}com`,
  ])('not %j', (text) => expect(isEmail(text)).toBe(false));

  // Backtracking over these would take longer than any test may.
  test.each([`a@${'a.'.repeat(50_000)}`, `${'a'.repeat(100_000)}@`, `a@${'a-'.repeat(120)}!`])(
    'and not what was made to be slow to read (%#)',
    (text) => expect(isEmail(text)).toBe(false),
  );
});
