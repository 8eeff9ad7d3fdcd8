import { describe, expect, test } from 'vitest';
import { columnsOf, decideRow, importRow, objectOf } from './import-row.ts';

const content = {
  sku: 'B-1',
  name: 'Emma',
  description: null,
  category: 'novel',
  price_cents: 1000,
  currency: 'EUR',
  tax_rate_bps: null,
  image_url: null,
  attributes: { author: 'Jane Austen' },
};

describe('columnsOf', () => {
  test('takes fields and attributes in any order', () => {
    expect(columnsOf(['name', ' sku ', 'attributes.author'])).toEqual(['name', 'sku', 'attributes.author']);
  });

  test.each([
    [['sku', 'colour'], 'colour', 'column_unknown'],
    [['sku', ''], 'column 2', 'column_unknown'],
    [['sku', 'attributes'], 'attributes', 'column_unknown'],
    [['sku', 'attributes.Bad Name'], 'attributes.Bad Name', 'column_unknown'],
    [['sku', 'name', 'name'], 'name', 'column_duplicate'],
    [['name'], 'sku', 'column_missing'],
  ])('%j is refused by name', (header, field, code) => {
    expect(() => columnsOf(header)).toThrow(
      expect.objectContaining({ status: 422, errors: [expect.objectContaining({ field, code })] }),
    );
  });
});

test('a row of cells becomes the object that NDJSON would hold', () => {
  const columns = [
    'sku',
    'name',
    'price_cents',
    'stock',
    'category',
    'attributes.author',
    'attributes.rating',
  ];
  expect(objectOf(columns, ['007', '1984', '1299', '', '', 'George Orwell', '4.2'])).toEqual({
    sku: '007',
    name: '1984',
    price_cents: 1299,
    attributes: { author: 'George Orwell', rating: 4.2 },
  });
});

test.each([
  ['12.50', 'price_cents'],
  ['1e400', 'price_cents'],
  ['-5', 'price_cents'],
  ['cheap', 'price_cents'],
  [`1${'0'.repeat(400)}`, 'price_cents'],
])('a price of %s is refused by name', (cell, field) => {
  const result = importRow.safeParse(objectOf(['sku', 'price_cents'], ['a', cell]));
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([field]);
});

describe('decideRow', () => {
  test('a new product needs name and price', () => {
    expect(decideRow(undefined, { sku: 'B-1', price_cents: 1 }, 'EUR')).toMatchObject({
      kind: 'refuse',
      errors: [{ field: 'name', code: 'field_missing' }],
    });
    expect(decideRow(undefined, { sku: 'B-1', name: 'x' }, 'EUR')).toMatchObject({
      errors: [{ field: 'price_cents' }],
    });
  });

  test('creates with defaults', () => {
    const row = {
      sku: 'B-1',
      name: 'Emma',
      price_cents: 1000,
      attributes: { author: 'Jane Austen', x: null },
    };
    expect(decideRow(undefined, row, 'EUR')).toEqual({
      kind: 'create',
      stock: 0,
      content: { ...content, category: null },
    });
  });

  test('what is absent stays, so a row of it changes nothing', () => {
    expect(decideRow(content, { sku: 'B-1' }, 'EUR')).toEqual({ kind: 'unchanged' });
    expect(decideRow(content, { ...content, stock: 99 }, 'EUR')).toEqual({ kind: 'unchanged' });
  });

  test('a difference is an update of just that', () => {
    expect(decideRow(content, { sku: 'B-1', price_cents: 900, attributes: { pages: 3 } }, 'EUR')).toEqual({
      kind: 'update',
      content: { ...content, price_cents: 900, attributes: { author: 'Jane Austen', pages: 3 } },
    });
  });

  test('another currency is refused', () => {
    expect(decideRow(content, { sku: 'B-1', currency: 'USD' }, 'EUR')).toMatchObject({
      kind: 'refuse',
      errors: [{ field: 'currency', code: 'currency_mismatch' }],
    });
  });

  test('an ISBN is repaired, a float is left out, and the repaired row changes nothing when it comes again', () => {
    const row = {
      sku: 'B-2',
      name: 'The Hunger Games',
      price_cents: 1,
      attributes: { isbn: 439023483, isbn13: '9.78043902348e+12' },
    };
    const first = decideRow(undefined, row, 'EUR');
    expect(first).toMatchObject({ kind: 'create', content: { attributes: { isbn: '0439023483' } } });
    if (first.kind !== 'create') throw new Error('not created');
    expect(first.content.attributes).not.toHaveProperty('isbn13');
    expect(decideRow(first.content, row, 'EUR')).toEqual({ kind: 'unchanged' });
  });
});
