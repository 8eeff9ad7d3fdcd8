import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
let staff: Record<string, string>;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.staff();
});
afterAll(() => shop[Symbol.asyncDispose]());

const book = {
  isbn: '9780132350884',
  title: 'Clean Code',
  author: 'Robert C. Martin',
  editorial: 'Prentice Hall',
  category: 'Programming',
  price_cents: 4999,
  description: 'A handbook.',
  cover_image_url: 'https://images.example/clean-code.jpg',
  stock_quantity: 50,
  publication_year: 2008,
  language: 'en',
  pages: 464,
  rating: 4.4,
};
const post = (body: unknown, headers = staff) => shop.request('POST', '/books', { headers, body });
const get = (path: string, headers = shop.anonymous) => shop.request('GET', path, { headers });

describe('POST /books', () => {
  test('201 in the flat shape; the same thing is a product with the ISBN as sku', async () => {
    const { status, body, headers } = await post(book);
    expect([status, body]).toMatchObject([201, { ...book, currency: 'EUR', is_active: true }]);
    expect(Object.keys(body).toSorted()).toEqual(
      [...Object.keys(book), 'book_id', 'currency', 'is_active', 'created_at', 'updated_at'].toSorted(),
    );
    expect(headers.get('location')).toBe(`/api/v1/books/${body.book_id}`);
    const product = await get(`/products/${body.book_id}`);
    expect(product.body).toMatchObject({
      sku: book.isbn,
      name: book.title,
      stock: 50,
      image_url: book.cover_image_url,
      attributes: { isbn: book.isbn, author: book.author, pages: 464, publication_year: 2008 },
    });
    expect((await post(book)).body.code).toBe('product_sku_taken');
  });

  test('a title and a price are enough', async () => {
    const { status, body } = await post({ title: 'Untitled', price_cents: 100 });
    expect([status, body]).toMatchObject([
      201,
      { isbn: null, author: null, stock_quantity: 0, rating: null },
    ]);
  });

  test('hyphens do not count, and a leading zero is kept', async () => {
    const { body } = await post({ ...book, isbn: '0-439-02348-3' });
    expect(body.isbn).toBe('0439023483');
  });

  test.each([
    ['isbn', '978-1234567890'],
    ['isbn', '0439023484'],
    ['rating', 5.1],
    ['pages', 0],
    ['publication_year', 2008.5],
    ['price_cents', -1],
    ['stock_quantity', -1],
    ['cover_image_url', 'ftp://x'],
    ['title', ''],
    ['is_active', false],
    ['price', 49.99],
    ['currency', 'USD'],
  ])('422 for %s: %j', async (field, value) => {
    const { status, body } = await post({ ...book, isbn: '9780439023481', [field]: value });
    expect([status, body.errors.map((error: { field: string }) => error.field)]).toEqual([422, [field]]);
  });

  test('401 and 403', async () => {
    expect((await post(book, shop.anonymous)).status).toBe(401);
    expect((await post(book, await shop.buyer())).status).toBe(403);
  });
});

describe('GET /books/{id}', () => {
  test('200 with a tag and 304; 404 for what is not', async () => {
    const { body } = await post({ title: 'Emma', price_cents: 1, author: 'Jane Austen' });
    const first = await get(`/books/${body.book_id}`);
    expect(first.body).toMatchObject({ title: 'Emma', author: 'Jane Austen' });
    const etag = first.headers.get('etag') ?? '';
    const again = await get(`/books/${body.book_id}`, { ...shop.anonymous, 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect((await get(`/books/${newId('product')}`)).status).toBe(404);
  });
});

describe('PATCH /books/{id}', () => {
  test('changes what is given and leaves what a book does not know', async () => {
    const { id } = await shop.addProduct({ attributes: { author: 'A', shelf: 'B7' }, stock: 3 });
    const change = { title: 'T', author: null, pages: 99, stock_quantity: 8, cover_image_url: null };
    const { status, body } = await shop.request('PATCH', `/books/${id}`, { headers: staff, body: change });
    expect([status, body]).toMatchObject([200, { title: 'T', author: null, pages: 99, stock_quantity: 8 }]);
    expect((await get(`/products/${id}`)).body.attributes).toEqual({ shelf: 'B7', pages: 99 });
  });

  test('422, 404, 401, 403', async () => {
    const { id } = await shop.addProduct();
    const patch = (body: unknown, headers = staff, of: string = id) =>
      shop.request('PATCH', `/books/${of}`, { headers, body });
    expect((await patch({ isbn: '9780439023482' })).status).toBe(422);
    expect((await patch({ name: 'x' })).status).toBe(422);
    expect((await patch({ title: 'x' }, staff, newId('product'))).status).toBe(404);
    expect((await patch({ title: 'x' }, shop.anonymous)).status).toBe(401);
    expect((await patch({ title: 'x' }, await shop.buyer())).status).toBe(403);
  });
});

describe('DELETE /books/{id}', () => {
  test('204, then 404; 401, 403', async () => {
    const { id } = await shop.addProduct();
    const remove = (headers: Record<string, string>) => shop.request('DELETE', `/books/${id}`, { headers });
    expect((await remove(shop.anonymous)).status).toBe(401);
    expect((await remove(await shop.buyer())).status).toBe(403);
    expect((await remove(staff)).status).toBe(204);
    expect((await remove(staff)).status).toBe(404);
  });
});

describe('finding books', () => {
  test('list, search and categories show the flat shape', async () => {
    const tenant = shop.world.addTenant();
    const headers = { 'x-tenant': tenant.id };
    const ours = await shop.staff(tenant);
    for (const title of ['Rayuela', 'Ficciones']) {
      await post({ title, price_cents: 1000, category: 'Novela', author: 'X' }, ours);
    }
    const listed = await get('/books?sort=name&limit=1', headers);
    expect(listed.body.data).toMatchObject([{ title: 'Ficciones', category: 'Novela' }]);
    const rest = await get(`/books?sort=name&cursor=${listed.body.next_cursor}`, headers);
    expect(rest.body).toMatchObject({ data: [{ title: 'Rayuela' }], next_cursor: null });
    const found = await get('/books/search?q=rayuelas', headers);
    expect(found.body).toMatchObject({ total: 1, data: [{ title: 'Rayuela' }] });
    expect((await get('/books/categories', headers)).body.data).toEqual([{ category: 'Novela', count: 2 }]);
  });

  test('422 for what no list knows', async () => {
    expect((await get('/books?title=x')).status).toBe(422);
    expect((await get('/books/search')).status).toBe(422);
  });
});
