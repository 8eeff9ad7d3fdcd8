import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodbooksRow, productOf } from './goodbooks.ts';

const hungerGames = {
  book_id: '1',
  isbn: '439023483',
  isbn13: '9.78043902348e+12',
  authors: 'Suzanne Collins',
  original_publication_year: '2008.0',
  original_title: 'The Hunger Games',
  title: 'The Hunger Games (The Hunger Games, #1)',
  language_code: 'eng',
  average_rating: '4.34',
  ratings_count: '4780653',
  image_url: 'https://images.example/2767052.jpg',
};
const map = (overrides: Partial<typeof hungerGames> = {}) =>
  productOf(goodbooksRow.parse({ ...hungerGames, ...overrides }));

test('a row with everything', () => {
  expect(map()).toEqual({
    sku: '9780439023481',
    name: 'The Hunger Games (The Hunger Games, #1)',
    description: 'The Hunger Games',
    price_cents: 1345,
    stock: 222,
    category: 'series',
    image_url: 'https://images.example/2767052.jpg',
    attributes: {
      isbn: '9780439023481',
      author: 'Suzanne Collins',
      publication_year: 2008,
      language: 'en',
      rating: 4.34,
    },
  });
});

test('a row that knows little', () => {
  const product = map({
    book_id: '77',
    isbn: '',
    isbn13: '',
    original_publication_year: '',
    original_title: '',
    title: 'Beowulf',
    language_code: '',
    image_url: 'https://s.example/assets/nophoto/book/111x148.png',
  });
  expect(product).toEqual({
    sku: 'gb-77',
    name: 'Beowulf',
    description: undefined,
    price_cents: 1445,
    stock: 228,
    category: 'undated',
    image_url: undefined,
    attributes: { author: 'Suzanne Collins', rating: 4.34 },
  });
});

describe('sku', () => {
  test.each([
    ['the ISBN-10', { isbn: '61120081', isbn13: '' }, '9780061120084'],
    ['the ISBN-13 when the ISBN-10 is wrong', { isbn: '61120082', isbn13: '9780061120084' }, '9780061120084'],
    ['the number when both are', { isbn: '61120082', isbn13: '9.79000767239e+12' }, 'gb-1'],
  ])('from %s', (_what, overrides, sku) => {
    expect(map(overrides)).toMatchObject({ sku });
  });
});

test.each([
  ['-720.0', 'classics', 645, -720],
  ['1899.0', 'classics', 645, 1899],
  ['1900.0', 'modern classics', 945, 1900],
  ['1969.0', 'modern classics', 945, 1969],
  ['1970.0', 'late 20th century', 1145, 1970],
  ['2000.0', 'contemporary', 1345, 2000],
  ['2010.0', 'contemporary', 1645, 2010],
])('published in %s: %s', (year, category, price_cents, publication_year) => {
  const product = map({ original_publication_year: year, title: 'A book' });
  expect(product).toMatchObject({ category, price_cents, attributes: { publication_year } });
});

test.each([
  ['Shaman King, Vol. 1: A Shaman in Tokyo', 'comics'],
  ['Fullmetal Alchemist, Vol. 1 (Fullmetal Alchemist, #1)', 'comics'],
  ['Lenobia’s Vow (House of Night Novellas, #2)', 'series'],
  ['Things Not Seen (Things, #1.5)', 'series'],
  ['Number #1 best-seller', 'contemporary'],
  ['Volumes of poetry', 'contemporary'],
])('%s is %s', (title, category) => {
  expect(map({ title })).toMatchObject({ category });
});

test.each([
  ['en-US', 'en'],
  ['spa', 'es'],
  ['fil', 'fil'],
  ['nl', 'nl'],
])('language %s is %s', (language_code, language) => {
  expect(map({ language_code })).toMatchObject({ attributes: { language } });
});

test.each([
  ['title', ''],
  ['title', '   '],
  ['authors', ''],
  ['book_id', 'x'],
  ['average_rating', '5.1'],
  ['ratings_count', '-1'],
])('a row whose %s is %j is refused', (column, value) => {
  expect(goodbooksRow.safeParse({ ...hungerGames, [column]: value }).success).toBe(false);
});

test('price and stock stay within a shop’s range, and depend on the row alone', () => {
  const row = fc.record({
    book_id: fc.nat(10_000_000).map(String),
    original_publication_year: fc.oneof(fc.constant(''), fc.integer({ min: -3000, max: 2030 }).map(String)),
    ratings_count: fc.nat(10_000_000).map(String),
  });
  fc.assert(
    fc.property(row, (overrides) => {
      const product = map(overrides);
      expect(product).toEqual(map(overrides));
      expect(product.price_cents).toBeGreaterThanOrEqual(595);
      expect(product.price_cents).toBeLessThanOrEqual(2145);
      expect(product.stock).toBeGreaterThanOrEqual(3);
      expect(Number.isSafeInteger(product.stock)).toBe(true);
    }),
  );
});
