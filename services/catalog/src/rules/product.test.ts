import { describe, expect, test } from 'vitest';
import { bookOf, productPatchOf } from './book.ts';
import { applyPatch, mergeAttributes, type ProductContent, requireCurrency, sameContent } from './product.ts';
import { productFields } from './product-fields.ts';

const lamp: ProductContent = {
  sku: 'L-1',
  name: 'Lamp',
  description: 'LED',
  category: 'furniture',
  price_cents: 1299,
  currency: 'EUR',
  tax_rate_bps: null,
  image_url: null,
  attributes: { color: 'red', watts: 7 },
};

describe('applyPatch', () => {
  test('what is absent stays', () => {
    expect(applyPatch(lamp, {})).toEqual(lamp);
    expect(applyPatch(lamp, { name: 'Desk lamp' })).toEqual({ ...lamp, name: 'Desk lamp' });
  });

  test('null takes away what may be absent', () => {
    expect(applyPatch(lamp, { description: null, category: null })).toMatchObject({
      description: null,
      category: null,
    });
  });

  test('attributes merge by name', () => {
    expect(mergeAttributes(lamp.attributes, { color: null, tags: ['a'] })).toEqual({ watts: 7, tags: ['a'] });
  });
});

test('the same content is the same in any order of attributes, and whatever else the row holds', () => {
  const other = { ...lamp, attributes: { watts: 7, color: 'red' }, version: 9 };
  expect(sameContent(lamp, other)).toBe(true);
  expect(sameContent(lamp, { ...lamp, price_cents: 1300 })).toBe(false);
});

test('another currency than the shop’s is refused', () => {
  expect(() => requireCurrency('USD', 'EUR')).toThrow(
    expect.objectContaining({
      status: 422,
      errors: [expect.objectContaining({ field: 'currency', code: 'currency_mismatch' })],
    }),
  );
  expect(() => requireCurrency(undefined, 'EUR')).not.toThrow();
});

describe('fields', () => {
  test.each([
    ['image_url', 'javascript:alert(1)'],
    ['image_url', 'file:///etc/passwd'],
    ['image_url', 'nothing'],
    ['price_cents', -1],
    ['price_cents', 1.5],
    ['price_cents', Number.POSITIVE_INFINITY],
    ['price_cents', 2 ** 60],
    ['stock', -1],
    ['stock', 2e9],
    ['tax_rate_bps', 10_001],
    ['sku', ' '],
    ['sku', 'a\tb\u0007'],
    ['name', 'x'.repeat(501)],
    ['attributes', { 'Not Snake': 1 }],
    ['attributes', { nested: { deep: 1 } }],
    ['attributes', { mixed: ['a', 1] }],
    ['attributes', Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`a${at}`, 1]))],
    ['attributes', Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`a${at}`, 'x'.repeat(4000)]))],
  ] as const)('%s refuses %j', (field, value) => {
    expect(productFields[field].safeParse(value).success).toBe(false);
  });

  test.each([
    ['image_url', 'https://images.example/a.jpg'],
    ['image_url', null],
    ['price_cents', 0],
    ['attributes', { author: ['A', 'B'], rating: 4.5, signed: true, gone: null }],
  ] as const)('%s takes %j', (field, value) => {
    expect(productFields[field].safeParse(value).success).toBe(true);
  });
});

describe('books', () => {
  test('a book is written as the product that it is', () => {
    expect(
      productPatchOf({ title: 'Emma', isbn: '978-0-14-143958-7', author: 'Jane Austen', pages: null }),
    ).toMatchObject({
      name: 'Emma',
      attributes: { isbn: '9780141439587', author: 'Jane Austen', pages: null },
    });
  });

  test('attributes of another kind than a book has do not break its shape', () => {
    const book = bookOf({
      ...lamp,
      id: 'prd_1',
      stock: 3,
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
      attributes: { author: ['A', 'B'], pages: 'many', isbn: 439023483, language: true },
    });
    expect(book).toMatchObject({ author: 'A, B', pages: null, isbn: '439023483', language: null });
  });
});
