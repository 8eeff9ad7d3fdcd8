import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createApi } from '../src/api.ts';

const ROOT = join(import.meta.dirname, '../..');
const BOOKS = join(ROOT, '../shared/data/goodbooks_books.csv.gz');
const present = existsSync(BOOKS);
if (!present) console.warn('real-catalog: skipped, goodbooks_books.csv.gz is not beside this checkout');

const api = createApi(inject('gatewayUrl'));
const tenant = 'libros';
const found = z.object({
  data: z.array(
    z.looseObject({ id: z.string(), name: z.string(), attributes: z.record(z.string(), z.unknown()) }),
  ),
  next_cursor: z.string().nullable(),
});

async function importBooks(): Promise<string> {
  const args = [
    'libs/cli/src/main.ts',
    'import',
    'products',
    BOOKS,
    '--tenant',
    tenant,
    '--url',
    inject('gatewayUrl'),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

const search = async (query: string) =>
  (await api.expect(200, found, 'GET', `/products/search?${query}`, { tenant })).data;

describe.skipIf(!present)('10,000 real books', () => {
  test('are imported, and importing them again changes nothing', { timeout: 180_000 }, async () => {
    await importBooks();
    const again = await importBooks();
    expect(again).toMatch(/unchanged\D+(9\d{3}|10,?000)|(9,?\d{3}|10,?000)\D+unchanged/);
    expect(again).not.toMatch(/[1-9]\d* (created|updated)/);
  });

  test('a typo finds Harry Potter first', async () => {
    const [first] = await search('q=harry%20poter');
    expect(first?.name).toMatch(/Harry Potter/);
  });

  test('accents do not matter, either way', async () => {
    for (const query of ['q=garcia%20marquez', `q=${encodeURIComponent('García Márquez')}`]) {
      const books = await search(query);
      expect(books.length).toBeGreaterThan(0);
      expect(JSON.stringify(books[0])).toMatch(/Garc[ií]a M[aá]rquez/);
    }
    expect(JSON.stringify((await search('q=cien%20anos'))[0])).toMatch(/Cien años|One Hundred Years/);
  });

  test('an author filter gives only books of that author', async () => {
    const author = 'Stephen King';
    const { data } = await api.expect(
      200,
      found,
      'GET',
      `/products?author=${encodeURIComponent(author)}&limit=50`,
      { tenant },
    );
    expect(data.length).toBeGreaterThan(5);
    for (const book of data) expect(JSON.stringify(book.attributes)).toContain(author);
  });

  test('suggests by prefix', async () => {
    const answer = await api.request('GET', '/products/suggest?q=the%20hun', { tenant });
    expect(JSON.stringify(answer.body)).toContain('The Hunger Games');
  });

  test(
    'a walk over all pages has no duplicate and no gap while a writer adds rows',
    { timeout: 120_000 },
    async () => {
      const token = await api.demo(tenant, 'staff');
      const walk = async (between: () => Promise<void>) => {
        const ids: string[] = [];
        let cursor: string | null = null;
        do {
          const page: z.infer<typeof found> = await api.expect(
            200,
            found,
            'GET',
            `/products?sort=name&limit=100${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
            { tenant },
          );
          ids.push(...page.data.map(({ id }) => id));
          cursor = page.next_cursor;
          await between();
        } while (cursor !== null);
        return ids;
      };
      const before = await walk(async () => {});
      const during = await walk(async () => {
        const name = `${String.fromCodePoint(65 + Math.floor(Math.random() * 26))} ${randomUUID()}`;
        const body = { sku: `walk-${randomUUID()}`, name, price_cents: 100, stock: 1 };
        expect((await api.request('POST', '/products', { token, body })).status).toBe(201);
      });
      expect(before.length).toBeGreaterThanOrEqual(9900);
      expect(new Set(during).size).toBe(during.length);
      const seen = new Set(during);
      expect(before.filter((id) => !seen.has(id))).toEqual([]);
    },
  );
});
