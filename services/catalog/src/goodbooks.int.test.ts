import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { connect } from '@zoco/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, openShop, type Shop } from '../fixtures/shop.ts';
import { createCsvReader } from './rules/csv.ts';

/*
 * Ten thousand real books (goodbooks-10k). The file is not part of the repository: ZOCO_DATA names its folder, or it lies in
 * shared/data beside the repository.
 */
const folder = process.env['ZOCO_DATA'] ?? new URL('../../../../shared/data', import.meta.url).pathname;
const file = `${folder}/goodbooks_books.csv.gz`;
const isHere = existsSync(file);
const COUNT = 10_000;

interface Book {
  readonly id: string;
  readonly name: string;
  readonly attributes: { readonly author: string };
}

describe.skipIf(!isHere)(
  'ten thousand books (skipped where goodbooks_books.csv.gz is missing: ZOCO_DATA names its folder)',
  () => {
    let shop: Shop;
    let lines: string[];
    let first: Answer;
    beforeAll(async () => {
      shop = await openShop({ locale: 'es-ES' });
      lines = readBooks().map((row) => JSON.stringify(row));
      first = await importAll();
    }, 120_000);
    afterAll(() => shop?.[Symbol.asyncDispose]());

    const importAll = async () =>
      shop.request('POST', '/products/import', {
        headers: { ...(await shop.staff()), 'content-type': 'application/x-ndjson' },
        raw: lines.join('\n'),
      });
    const get = async (path: string) => (await shop.request('GET', path, { headers: shop.anonymous })).body;
    const search = (q: string, more = '') => get(`/products/search?q=${encodeURIComponent(q)}${more}`);
    const names = (body: { data: Book[] }) => body.data.map(({ name }) => name);

    test('all of them are imported', () => {
      expect([first.status, first.body]).toMatchObject([200, { created: COUNT, refused: [] }]);
    });

    test('the same file again changes nothing', async () => {
      expect((await importAll()).body).toMatchObject({ created: 0, updated: 0, unchanged: COUNT });
    }, 60_000);

    test('harry poter: Harry Potter first', async () => {
      const found = await search('harry poter', '&limit=15');
      expect(found.corrected).toBe(true);
      for (const name of names(found)) expect(name).toContain('Harry Potter');
    });

    test('garcia marquez: all twelve of Gabriel García Márquez', async () => {
      const { total, data } = await search('garcia marquez');
      expect(total).toBe(12);
      for (const { attributes } of data) expect(attributes.author).toContain('Gabriel García Márquez');
    });

    test('cien anos: by the original title', async () => {
      expect(names(await search('cien anos'))).toEqual(['One Hundred Years of Solitude']);
    });

    test('filter by author, in list and search', async () => {
      const listed = await get('/products?author=garcia+marquez&limit=100');
      expect(listed.data).toHaveLength(12);
      const found = await search('solitude', '&author=Gabriel%20Garc%C3%ADa%20M%C3%A1rquez');
      expect(names(found)).toEqual(['One Hundred Years of Solitude']);
    });

    test('the hun: The Hunger Games first', async () => {
      const suggested = names(await get('/products/suggest?q=the+hun'));
      expect(suggested).toHaveLength(10);
      expect(suggested[0]).toMatch(/^The Hunger Games/);
      for (const name of suggested) expect(name.toLowerCase()).toMatch(/^the hun/);
    });

    test('a walk over all of them skips and repeats none while a writer adds rows', async () => {
      const seen: string[] = [];
      const added = new Set<string>();
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: { data: Book[]; next_cursor: string | null } = await get(
          `/products?sort=name&limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        seen.push(...page.data.map(({ id }) => id));
        cursor = page.next_cursor;
        added.add((await shop.addProduct({ name: `M ${seen.length}` })).id);
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => !added.has(id))).toHaveLength(COUNT);
    }, 60_000);

    test('search goes through its index, behind the policy of the tenant', async () => {
      // What autovacuum does by itself after a while.
      const owner = connect({
        url: shop.world.database.urls.ownerUrl,
        applicationName: 'test',
        poolMax: 1,
      });
      await owner`vacuum (analyze) products`;
      await owner.end();
      const plan = await shop.world.db.read(
        shop.tenant.id,
        (tx) => tx.sql<Record<'QUERY PLAN', string>[]>`
          explain select id from products where deleted_at is null and search @@ 'potter & harri'::tsquery`,
      );
      expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain(
        'Bitmap Index Scan on products_search',
      );
    });
  },
);

function readBooks() {
  const reader = createCsvReader();
  const text = gunzipSync(readFileSync(file)).toString().trimEnd();
  const records = text.split(/\r?\n/).flatMap((line, at) => reader.push({ line: at + 1, text: line }));
  const [header, ...rows] = [...records, ...reader.end()].map(({ fields }) => fields ?? []);
  return rows.map((fields) => {
    const cell = (name: string) => fields[header?.indexOf(name) ?? -1] || null;
    return {
      sku: `gb-${cell('book_id')}`,
      name: cell('title'),
      price_cents: 500 + (Number(cell('book_id')) % 2500),
      stock: Number(cell('book_id')) % 50,
      category: 'books',
      image_url: cell('image_url'),
      attributes: {
        author: cell('authors'),
        original_title: cell('original_title'),
        isbn: cell('isbn'),
        isbn13: cell('isbn13'),
        language: cell('language_code'),
        rating: Number(cell('average_rating')),
        ratings_count: Number(cell('ratings_count')),
      },
    };
  });
}
