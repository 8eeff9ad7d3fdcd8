import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newSku, openShop, type Shop } from '../../fixtures/shop.ts';
import { SORT_NAMES } from '../db/product-list.ts';

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly price_cents: number;
  readonly created_at: string;
  readonly attributes: { readonly rating?: number };
}

const COUNT = 57;
let shop: Shop;
const ids = new Set<string>();
beforeAll(async () => {
  shop = await openShop();
  const rows = Array.from({ length: COUNT }, (_, n) =>
    JSON.stringify({
      sku: newSku(),
      // Many ties: the id must break them.
      name: ['Ábaco', 'abaco', 'Zeta', 'Ñu', 'nube'][n % 5],
      price_cents: 100 * (n % 4),
      stock: n % 3,
      category: ['Novela Histórica', 'novela historica', 'Poesía'][n % 3],
      attributes: {
        author: ['Gabriel García Márquez, Gregory Rabassa', 'Ana María Matute', 'García Lorca'][n % 3],
        rating: (n % 6) * 0.7,
      },
    }),
  );
  const headers = { ...(await shop.staff()), 'content-type': 'application/x-ndjson' };
  await shop.request('POST', '/products/import', { headers, raw: rows.join('\n') });
  for (const { id } of await walk('sort=created_at&limit=100')) ids.add(id);
});
afterAll(() => shop[Symbol.asyncDispose]());

const list = (query: string, headers = shop.anonymous) =>
  shop.request('GET', `/products?${query}`, { headers });

/** All pages of a list, one after the other. */
async function walk(query: string, between: () => Promise<unknown> = async () => {}): Promise<Listed[]> {
  const all: Listed[] = [];
  let cursor: string | null = null;
  do {
    const page = await list(`${query}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    expect(page.status).toBe(200);
    all.push(...page.body.data);
    cursor = page.body.next_cursor;
    await between();
  } while (cursor !== null);
  return all;
}

test('all of them are there', () => {
  expect(ids.size).toBe(COUNT);
});

const keyOf: Record<string, (one: Listed) => string | number> = {
  created_at: (one) => one.created_at,
  price_cents: (one) => one.price_cents,
  name: (one) => one.name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase(),
  rating: (one) => one.attributes.rating ?? 0,
};

describe.each(SORT_NAMES)('sort=%s', (sort) => {
  test('shows every product once, in order', async () => {
    const found = await walk(`sort=${sort}&limit=7`);
    expect(found).toHaveLength(COUNT);
    expect(new Set(found.map(({ id }) => id))).toEqual(ids);
    const keys = found.map((one) => keyOf[sort.replace('-', '')]?.(one) ?? '');
    const ordered = keys.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    expect(keys).toEqual(sort.startsWith('-') ? ordered.toReversed() : ordered);
  });

  test('no product repeats and none is skipped while others are added', async () => {
    const added = new Set<string>();
    const found = await walk(`sort=${sort}&limit=10`, async () => {
      const product = await shop.addProduct({
        name: 'Mientras',
        price_cents: 150,
        attributes: { rating: 2 },
      });
      added.add(product.id);
    });
    const seen = found.map(({ id }) => id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(new Set(seen.filter((id) => !added.has(id)))).toEqual(ids);
    const headers = await shop.staff();
    for (const id of added) await shop.request('DELETE', `/products/${id}`, { headers });
  });
});

describe('filters', () => {
  const count = async (query: string) => (await walk(`${query}&limit=50`)).length;

  test.each([
    ['category=novela%20hist%C3%B3rica', 38],
    ['category=POESIA', 19],
    ['category=novela', 0],
    ['author=gabriel%20garcia%20marquez', 19],
    ['author=Garc%C3%ADa', 38],
    ['author=garc', 0],
    // Two authors of one book, but no author called so.
    ['author=marquez%20gregory', 0],
    ['min_price_cents=300', 14],
    ['max_price_cents=0', 15],
    ['min_price_cents=100&max_price_cents=200', 28],
    ['in_stock=true', 38],
    ['in_stock=false', 19],
    ['category=poesia&author=lorca&in_stock=true', 19],
  ])('%s: %d', async (query, expected) => {
    expect(await count(query)).toBe(expected);
  });
});

describe('cursors', () => {
  test.each([
    ['nonsense', 'AAAA'],
    ['not base64', '%%%'],
    ['JSON of something else', Buffer.from('{"a":1}').toString('base64url')],
    ['too long', 'a'.repeat(2000)],
  ])('%s is refused', async (_name, cursor) => {
    const { status, body } = await list(`cursor=${encodeURIComponent(cursor)}`);
    expect([status, body.errors[0].field]).toEqual([422, 'cursor']);
  });

  test.each([
    ['created_at', ['0000-01-01T00:00:00.000Z', 'prd_x']],
    ['-rating', [1e300, 'prd_x']],
    ['name', ['a\0', 'prd_x']],
  ])('one by %s that no row can have is refused: %j', async (sort, key) => {
    const { next_cursor: cursor } = (await list(`sort=${sort}&limit=5`)).body;
    const [scope] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify([scope, ...key])).toString('base64url');
    expect((await list(`sort=${sort}&limit=5&cursor=${forged}`)).body).toMatchObject({
      code: 'cursor_invalid',
    });
  });

  test('one by a rating that its column would round is read as that', async () => {
    const { next_cursor: cursor } = (await list('sort=rating&limit=5')).body;
    const [scope] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify([scope, 5e-324, 'prd_x'])).toString('base64url');
    expect((await list(`sort=rating&limit=5&cursor=${forged}`)).status).toBe(200);
  });

  test('one of another sort, other filters, or with a key of another kind is refused', async () => {
    const { next_cursor: cursor } = (await list('sort=price_cents&limit=5')).body;
    const refused = async (query: string) =>
      expect((await list(query)).body).toMatchObject({ status: 422, code: 'cursor_invalid' });
    await refused(`sort=-price_cents&limit=5&cursor=${cursor}`);
    await refused(`sort=price_cents&in_stock=true&cursor=${cursor}`);
    const [scope] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    for (const key of [['100', 'prd_x'], [100], [100, 'prd_x', 1], [null, 'prd_x'], [1.5, 'prd_x']]) {
      const forged = Buffer.from(JSON.stringify([scope, ...key])).toString('base64url');
      await refused(`sort=price_cents&cursor=${forged}`);
    }
    expect((await list(`sort=price_cents&limit=9&cursor=${cursor}`)).status).toBe(200);
  });
});

test.each([
  ['limit=0', 'limit'],
  ['limit=101', 'limit'],
  ['limit=abc', 'limit'],
  ['sort=price;drop table products', 'sort'],
  ['sort=id', 'sort'],
  ['min_price_cents=-5', 'min_price_cents'],
  ['max_price_cents=1e400', 'max_price_cents'],
  ['in_stock=yes', 'in_stock'],
  ['nope=1', 'nope'],
])('422 for %s', async (query, field) => {
  const { status, body } = await list(query);
  expect([status, body.errors.map((error: { field: string }) => error.field)]).toEqual([422, [field]]);
});

test('304 while the list is the same', async () => {
  const first = await list('limit=3');
  const etag = first.headers.get('etag') ?? '';
  expect((await list('limit=3', { ...shop.anonymous, 'if-none-match': etag })).status).toBe(304);
  await shop.addProduct();
  expect((await list('limit=3', { ...shop.anonymous, 'if-none-match': etag })).status).toBe(200);
});

test('400 without a tenant, 404 for one that is not', async () => {
  expect((await list('', {})).status).toBe(400);
  expect((await list('', { 'x-tenant': 'nobody' })).status).toBe(404);
});
