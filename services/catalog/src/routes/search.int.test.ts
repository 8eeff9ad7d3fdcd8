import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../../fixtures/shop.ts';

interface Found {
  readonly id: string;
  readonly name: string;
}

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ locale: 'es-ES' });
  for (const [name, author, more] of BOOKS) {
    await shop.addProduct({
      name,
      category: 'fiction',
      ...more,
      attributes: { author, ...more?.attributes },
    });
  }
});
afterAll(() => shop[Symbol.asyncDispose]());

type More = {
  category?: string;
  price_cents?: number;
  description?: string;
  attributes?: Record<string, unknown>;
};

const BOOKS: [string, string, More?][] = [
  [
    'Harry Potter and the Sorcerer’s Stone',
    'J.K. Rowling, Mary GrandPré',
    { attributes: { rating: 4.44, ratings_count: 4_600_000, isbn: '0439554934' } },
  ],
  [
    'Harry Potter and the Goblet of Fire',
    'J.K. Rowling',
    { attributes: { rating: 4.53, ratings_count: 1_700_000 } },
  ],
  ['The Wizard’s Handbook', 'Somebody Else', { description: 'For readers of Harry Potter.' }],
  ['Harry the Porter', 'P. Carrier'],
  [
    'One Hundred Years of Solitude',
    'Gabriel García Márquez, Gregory Rabassa',
    { attributes: { original_title: 'Cien años de soledad', rating: 4.04, ratings_count: 490_000 } },
  ],
  ['Crónica de una muerte anunciada', 'Gabriel García Márquez', { category: 'Novela' }],
  ['Bodas de sangre', 'Federico García Lorca', { category: 'Teatro', price_cents: 700 }],
  ['The Hunger Games', 'Suzanne Collins', { attributes: { rating: 4.34, ratings_count: 4_780_000 } }],
  ['The Hungry Tide', 'Amitav Ghosh'],
  [
    'Catching Fire (The Hunger Games, #2)',
    'Suzanne Collins',
    { attributes: { rating: 4.3, ratings_count: 1_800_000 } },
  ],
  ['The Hobbit', 'J.R.R. Tolkien', { attributes: { rating: 4.25, ratings_count: 2_000_000 } }],
  ['Canciones para cantar', 'Ana Coral', { category: 'Música' }],
  ['It', 'Stephen King'],
];

const search = (q: string, query = '', headers = shop.anonymous) =>
  shop.request('GET', `/products/search?q=${encodeURIComponent(q)}${query}`, { headers });
const suggest = (q: string) =>
  shop.request('GET', `/products/suggest?q=${encodeURIComponent(q)}`, { headers: shop.anonymous });
const names = (answer: { body: { data: Found[] } }) => answer.body.data.map(({ name }) => name);

describe('GET /products/search', () => {
  test.each([
    // Typos.
    ['harry poter', ['Harry Potter and the Goblet of Fire', 'Harry Potter and the Sorcerer’s Stone'], true],
    ['haryr potter', ['Harry Potter and the Goblet of Fire', 'Harry Potter and the Sorcerer’s Stone'], true],
    ['tolkein', ['The Hobbit'], true],
    ['garsia lorca', ['Bodas de sangre'], true],
    // Accents, case, punctuation.
    ['garcia marquez', ['One Hundred Years of Solitude', 'Crónica de una muerte anunciada'], false],
    ['GARCÍA MÁRQUEZ', ['One Hundred Years of Solitude', 'Crónica de una muerte anunciada'], false],
    ['cronica', ['Crónica de una muerte anunciada'], false],
    ['sorcerers stone', ['Harry Potter and the Sorcerer’s Stone'], false],
    ["sorcerer's stone", ['Harry Potter and the Sorcerer’s Stone'], false],
    ['jk rowling', ['Harry Potter and the Sorcerer’s Stone', 'Harry Potter and the Goblet of Fire'], false],
    // Original titles, unfinished words, stems of the shop's language, numbers.
    ['cien anos', ['One Hundred Years of Solitude'], false],
    ['hunger ga', ['The Hunger Games', 'Catching Fire (The Hunger Games, #2)'], false],
    ['canción cantando', ['Canciones para cantar'], false],
    ['0439554934', ['Harry Potter and the Sorcerer’s Stone'], false],
    // Words that mean nothing by themselves count when there is nothing else.
    ['it', ['It'], false],
    ['bodas de la sangre', ['Bodas de sangre'], false],
    ['musica', ['Canciones para cantar'], false],
  ])('%s', async (q, expected, corrected) => {
    const answer = await search(q);
    expect(answer.status).toBe(200);
    expect(names(answer).slice(0, expected.length).toSorted()).toEqual(expected.toSorted());
    expect(answer.body.corrected).toBe(corrected);
  });

  test('a name comes before an author, an author before a description, the popular before the others', async () => {
    expect(names(await search('harry potter'))).toEqual([
      'Harry Potter and the Sorcerer’s Stone',
      'Harry Potter and the Goblet of Fire',
      'The Wizard’s Handbook',
    ]);
    expect(names(await search('the hunger games'))[0]).toBe('The Hunger Games');
    expect(names(await search('garcia'))[0]).toBe('One Hundred Years of Solitude');
  });

  test('counts facets over everything found, and filters narrow it', async () => {
    const { body } = await search('garcia', '&limit=1');
    expect(body).toMatchObject({ total: 3, corrected: false });
    expect(body.data).toHaveLength(1);
    expect(body.facets).toEqual({
      categories: [
        { value: 'Novela', count: 1 },
        { value: 'Teatro', count: 1 },
        { value: 'fiction', count: 1 },
      ],
      authors: [
        { value: 'Gabriel García Márquez', count: 2 },
        { value: 'Federico García Lorca', count: 1 },
        { value: 'Gregory Rabassa', count: 1 },
      ],
      prices: [
        { min_cents: 500, max_cents: 1000, count: 1 },
        { min_cents: 1000, max_cents: 2000, count: 2 },
      ],
    });
    expect(names(await search('garcia', '&category=novela'))).toEqual(['Crónica de una muerte anunciada']);
    expect(names(await search('garcia', '&author=lorca&max_price_cents=999'))).toEqual(['Bodas de sangre']);
    expect((await search('garcia', '&in_stock=false')).body).toMatchObject({ total: 0, data: [] });
  });

  test.each([
    [0, 0, 1],
    [1, 1, 2],
    [2, 2, 5],
    [499, 200, 500],
    [500, 500, 1000],
    [999, 500, 1000],
    [1000, 1000, 2000],
    [1_000_000_000_000, 1_000_000_000_000, 2_000_000_000_000],
  ])('a price of %d is in the range from %d up to %d', async (price_cents, min_cents, max_cents) => {
    const name = `Priced${price_cents}`;
    await shop.addProduct({ name, price_cents });
    expect((await search(name)).body.facets.prices).toEqual([{ min_cents, max_cents, count: 1 }]);
  });

  test.each([
    ['garcia', false],
    ['garsia', true],
  ])('pages of %s neither repeat nor skip', async (q, corrected) => {
    const all = (await search(q)).body;
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await search(q, `&limit=1${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(page.body).toMatchObject({ total: all.total, corrected });
      seen.push(...page.body.data.map(({ id }: Found) => id));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(all.data.map(({ id }: Found) => id));
    expect(seen.length).toBe(all.total);
  });

  test('pages of products that are equally good neither repeat nor skip', async () => {
    const headers = await shop.staff();
    const twins: string[] = [];
    for (let n = 0; n < 6; n += 1) twins.push((await shop.addProduct({ name: 'Twin tome' })).id);
    // Written again, the first ones lie behind the last ones.
    for (const id of twins.slice(0, 3)) {
      await shop.request('PATCH', `/products/${id}`, { headers, body: { price_cents: 5 } });
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await search('twin tome', `&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.body.data.map(({ id }: Found) => id));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(twins);
  });

  test('nothing is found where nothing fits', async () => {
    for (const q of ['xylophone quartz', 'harry quartz', '!!!', '&|!:*(', "' or 1=1--", '😀']) {
      const answer = await search(q);
      expect([answer.status, answer.body.total, answer.body.data]).toEqual([200, 0, []]);
    }
  });

  test('a change is found at once, and what was deleted no more', async () => {
    const product = await shop.addProduct({ name: 'Quixotic thing' });
    const headers = await shop.staff();
    expect(names(await search('quixotic'))).toEqual(['Quixotic thing']);
    await shop.request('PATCH', `/products/${product.id}`, { headers, body: { name: 'Renamed thing' } });
    expect(names(await search('quixotic'))).toEqual([]);
    expect(names(await search('renamd'))).toEqual(['Renamed thing']);
    await shop.request('DELETE', `/products/${product.id}`, { headers });
    expect(names(await search('renamed'))).toEqual([]);
  });

  test('finds nothing of another tenant, nor guesses with its words', async () => {
    const other = shop.world.addTenant();
    const headers = { 'x-tenant': other.id };
    await shop.addProduct({ name: 'Pottery' }, other);
    expect(names(await search('harry potter', '', headers))).toEqual([]);
    expect(names(await search('haryr', '', headers))).toEqual([]);
    expect(names(await search('potery', '', headers))).toEqual(['Pottery']);
  });

  test('an English shop stems English', async () => {
    const english = shop.world.addTenant({ locale: 'en-GB' });
    await shop.addProduct({ name: 'Running shoes' }, english);
    const answer = await search('run shoe', '', { 'x-tenant': english.id });
    expect([names(answer), answer.body.corrected]).toEqual([['Running shoes'], false]);
  });

  test.each([
    ['', 'q'],
    ['x'.repeat(201), 'q'],
    ['   ', 'q'],
  ])('422 for q=%j', async (q, field) => {
    const { status, body } = await search(q);
    expect([status, body.errors[0].field]).toEqual([422, field]);
  });

  test('422 for the cursor of another query, and for a forged one', async () => {
    const { next_cursor: cursor } = (await search('garcia', '&limit=1')).body;
    expect((await search('harry', `&cursor=${cursor}`)).body.code).toBe('cursor_invalid');
    expect((await search('garcia', `&category=x&cursor=${cursor}`)).body.code).toBe('cursor_invalid');
    const [scope] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    for (const key of [[1], ['1', 'x', 0], [1, 'x', 2], [1e300, 'x', 0], [2 ** 31, 'x', 0]]) {
      const forged = Buffer.from(JSON.stringify([scope, ...key])).toString('base64url');
      expect((await search('garcia', `&cursor=${forged}`)).status).toBe(422);
    }
  });
});

describe('GET /products/suggest', () => {
  test('names that begin with the text, the most popular first, then those that hold its words', async () => {
    expect(names(await suggest('the hun'))).toEqual([
      'The Hunger Games',
      'The Hungry Tide',
      'Catching Fire (The Hunger Games, #2)',
    ]);
    expect(names(await suggest('HÁRRY POT'))).toEqual([
      'Harry Potter and the Sorcerer’s Stone',
      'Harry Potter and the Goblet of Fire',
      'The Wizard’s Handbook',
    ]);
  });

  test('look-alikes when nothing else fits', async () => {
    expect(names(await suggest('hobit'))).toEqual(['The Hobbit']);
    expect((await suggest('rowlng')).body.data[0]).toMatchObject({
      authors: ['J.K. Rowling', 'Mary GrandPré'],
    });
  });

  test('never more than ten', async () => {
    const many = shop.world.addTenant();
    for (let n = 0; n < 12; n += 1) await shop.addProduct({ name: `Same beginning ${n}` }, many);
    const answer = await shop.request('GET', '/products/suggest?q=same', {
      headers: { 'x-tenant': many.id },
    });
    expect(answer.body.data).toHaveLength(10);
  });

  test('nothing for signs alone, 422 for nothing', async () => {
    expect((await suggest('?!')).body).toEqual({ data: [] });
    expect((await suggest('')).status).toBe(422);
  });
});

describe('GET /products/categories', () => {
  test('counts products by category; spellings that differ in case and accents are one', async () => {
    const tenant = shop.world.addTenant();
    for (const category of ['Poesía', 'Poesía', 'poesia', 'Cocina', undefined]) {
      await shop.addProduct(category === undefined ? {} : { category }, tenant);
    }
    const { body } = await shop.request('GET', '/products/categories', {
      headers: { 'x-tenant': tenant.id },
    });
    expect(body).toEqual({
      data: [
        { category: 'Cocina', count: 1 },
        { category: 'Poesía', count: 3 },
      ],
    });
  });
});
