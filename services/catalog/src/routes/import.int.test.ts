import { importSummary, type ImportSummary } from '@zoco/contracts';
import { connect } from '@zoco/postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newOrder, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
let tenant: Shop['tenant'];
let staff: Record<string, string>;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(async () => {
  tenant = shop.world.addTenant();
  staff = await shop.staff(tenant);
});

type Raw = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
const send = (
  type: string,
  raw: Raw,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
) =>
  shop.request('POST', `/products/import${query}`, {
    headers: { ...staff, 'content-type': type, ...headers },
    raw,
  });
const importCsv = (...lines: string[]) => send('text/csv', lines.join('\n'));
const importJson = (rows: readonly object[], query = '') =>
  send('application/x-ndjson', rows.map((row) => JSON.stringify(row)).join('\n'), { query });
const counts = ({ body }: { body: ImportSummary }) => {
  const { created, updated, unchanged, refused_count: refused } = importSummary.parse(body);
  return { created, updated, unchanged, refused };
};
const products = async () => {
  const { body } = await shop.request('GET', '/products?limit=100&sort=name', { headers: staff });
  return body.data;
};
const outboxTypes = async () => {
  const rows = await shop.world.db.read(
    tenant.id,
    (tx) => tx.sql<{ type: string; count: number }[]>`
      select type, count(*)::int as count from outbox group by type order by type`,
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
};

describe('POST /products/import', () => {
  test('CSV: adds and changes by sku, in one transaction with the events', async () => {
    const first = await importCsv(
      '\uFEFFsku,name,price_cents,stock,category,attributes.author,attributes.rating',
      'a,"Alpha, first",100,5,x,"J.K. Rowling, Mary GrandPré",4.5',
      'b,Beta,200,,,,',
    );
    expect([first.status, counts(first)]).toEqual([
      200,
      { created: 2, updated: 0, unchanged: 0, refused: 0 },
    ]);
    expect(await products()).toMatchObject([
      {
        sku: 'a',
        name: 'Alpha, first',
        price_cents: 100,
        stock: 5,
        currency: 'EUR',
        attributes: { author: 'J.K. Rowling, Mary GrandPré', rating: 4.5 },
      },
      { sku: 'b', stock: 0, category: null, attributes: {} },
    ]);
    const second = await importCsv('sku,price_cents', 'a,100', 'b,250');
    expect(counts(second)).toEqual({ created: 0, updated: 1, unchanged: 1, refused: 0 });
    expect(await products()).toMatchObject([
      { sku: 'a', version: 1, category: 'x' },
      { sku: 'b', version: 2, price_cents: 250 },
    ]);
    expect(await outboxTypes()).toEqual({ 'product.created': 2, 'product.updated': 1, 'stock.changed': 2 });
  });

  test('NDJSON: run again it changes nothing, and tells nobody', async () => {
    const rows = Array.from({ length: 1203 }, (_, n) => ({
      sku: `s-${n}`,
      name: `Name ${n}`,
      price_cents: n,
      stock: n % 7,
      attributes: { author: `A ${n % 10}`, isbn: '439023483' },
    }));
    expect(counts(await importJson(rows))).toMatchObject({ created: 1203 });
    const before = await outboxTypes();
    expect(counts(await importJson(rows))).toEqual({ created: 0, updated: 0, unchanged: 1203, refused: 0 });
    expect(await outboxTypes()).toEqual(before);
    expect(before).toEqual({ 'product.created': 1203, 'stock.changed': 1203 });
  });

  test('refused lines are all reported with number, sku and reason, and the others are imported', async () => {
    const { body } = await importCsv(
      'sku,name,price_cents,currency,image_url',
      'a,A,100,,',
      'b,"B,100,,',
      'c,C,-5,,',
      `d,D,1${'0'.repeat(400)},,`,
      'e,E,1.5,,',
      ',F,1,,',
      'g,G,1,USD,',
      'h,,1,,',
      'i,I,1,,javascript:x',
      'j,J,1',
      'k,K,100,EUR,https://images.example/k.jpg',
    );
    expect(body).toMatchObject({ created: 2, refused_count: 9, refused_truncated: false });
    const report = body.refused.map(({ line, sku, errors }: ImportSummary['refused'][number]) => [
      line,
      sku,
      errors.map(({ field, code }) => `${field} ${code}`).join(),
    ]);
    expect(report).toEqual([
      [3, null, 'line csv_quotes_broken'],
      [4, 'c', 'price_cents too_small'],
      [5, 'd', 'price_cents invalid_type'],
      [6, 'e', 'price_cents invalid_type'],
      [7, null, 'sku invalid_type'],
      [8, 'g', 'currency currency_mismatch'],
      [9, 'h', 'name field_missing'],
      [10, 'i', expect.stringContaining('image_url')],
      [11, null, 'line csv_fields_mismatch'],
    ]);
  });

  test('so many refusals are counted and not all listed', async () => {
    const { body } = await importJson(Array.from({ length: 1500 }, (_, n) => ({ sku: `s-${n}` })));
    expect(body).toMatchObject({ refused_count: 1500, refused_truncated: true });
    expect(body.refused).toHaveLength(1000);
  });

  test('a sku that comes twice is first one thing, then the other', async () => {
    const rows = [
      { sku: 'a', name: 'One', price_cents: 1 },
      { sku: 'a', name: 'Two' },
      { sku: 'a', name: 'Two' },
    ];
    expect(counts(await importJson(rows))).toEqual({ created: 1, updated: 1, unchanged: 1, refused: 0 });
    expect(await products()).toMatchObject([{ name: 'Two', version: 2 }]);
  });

  test('a repeated import does not undo sales, unless it is told to set the stock', async () => {
    const rows = [{ sku: 'a', name: 'A', price_cents: 1, stock: 10 }];
    await importJson(rows);
    const [{ id }] = await products();
    const body = { lines: [{ product_id: id, quantity: 4 }] };
    await shop.internal('orders', 'PUT', `/reservations/${newOrder()}`, { body, tenant });
    expect(counts(await importJson(rows))).toMatchObject({ unchanged: 1 });
    expect(await products()).toMatchObject([{ stock: 6, stock_on_hand: 10 }]);
    expect(counts(await importJson(rows, '?stock=set'))).toMatchObject({ updated: 1, unchanged: 0 });
    expect(await products()).toMatchObject([{ stock: 10, stock_on_hand: 14, stock_reserved: 4, version: 1 }]);
    expect(counts(await importJson(rows, '?stock=set'))).toMatchObject({ updated: 0, unchanged: 1 });
    const { body: log } = await shop.request('GET', `/products/${id}/stock`, { headers: staff });
    expect(log.data[0]).toMatchObject({ kind: 'adjust', on_hand_delta: 4, reason: 'import' });
  });

  test('the same file from many sides at once: every product once, none lost', async () => {
    const rows = Array.from({ length: 700 }, (_, n) => ({ sku: `s-${n}`, name: `N ${n}`, price_cents: n }));
    const answers = await Promise.all([
      importJson(rows),
      importJson(rows.toReversed()),
      importJson(rows),
      importJson(rows.toReversed()),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const sums = answers.map(counts);
    expect(sums.reduce((sum, { created }) => sum + created, 0)).toBe(700);
    expect(sums.reduce((sum, { unchanged }) => sum + unchanged, 0)).toBe(2100);
    expect(await outboxTypes()).toMatchObject({ 'product.created': 700 });
  });

  test('what was cached before is not shown after', async () => {
    const list = () => shop.request('GET', '/products', { headers: { 'x-tenant': tenant.id } });
    expect((await list()).body.data).toEqual([]);
    await importJson([{ sku: 'a', name: 'A', price_cents: 1 }]);
    expect((await list()).body.data).toHaveLength(1);
  });

  test('413 past the limit, by header and by stream; what came before is imported, and the answer says so', async () => {
    const line = `${JSON.stringify({ sku: 'a', name: 'A', price_cents: 1 })}\n`;
    const announced = await send('application/x-ndjson', line, { headers: { 'content-length': '99999999' } });
    expect([announced.status, announced.body.code]).toEqual([413, 'import_too_large']);
    const filler = new TextEncoder().encode(`${'{"sku":"f","x":"'.padEnd(1024, 'x')}"}\n`);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(sent === 0 ? new TextEncoder().encode(line) : filler);
        sent += 1;
      },
    });
    const { status, body } = await send('application/x-ndjson', endless);
    expect([status, body.code]).toEqual([413, 'import_too_large']);
    expect(body.imported.refused_count).toBeGreaterThan(1000);
    expect(sent).toBeLessThan(9000);
  });

  test('422 for a CSV that cannot be understood, naming why', async () => {
    const unknown = await importCsv('sku,colour,name,taste', 'a,red,A,sweet');
    expect([unknown.status, unknown.body.code]).toEqual([422, 'import_header_invalid']);
    expect(unknown.body.errors.map(({ field }: { field: string }) => field)).toEqual(['colour', 'taste']);
    expect((await importCsv('"sku,name', 'a,A')).body.code).toBe('import_csv_unreadable');
    const wild = await importCsv('sku,name,price_cents', 'a,A,1', ...Array<string>(3000).fill('b,B"B,1'));
    expect([wild.status, wild.body.code]).toEqual([422, 'import_csv_unreadable']);
    expect(wild.body.imported.refused_count).toBe(1000);
  });

  test('an empty body imports nothing', async () => {
    expect(counts(await send('text/csv', ''))).toEqual({ created: 0, updated: 0, unchanged: 0, refused: 0 });
  });

  test('415 for another type and for a compressed body', async () => {
    expect((await send('application/json', '[]')).status).toBe(415);
    expect((await send('text/csv', 'sku', { headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
  });

  test('401, 403, 422 for an option that is not', async () => {
    expect((await send('text/csv', 'sku', { query: '?stock=add' })).status).toBe(422);
    staff = await shop.buyer(tenant);
    expect((await send('text/csv', 'sku')).status).toBe(403);
    staff = { 'x-tenant': tenant.id };
    expect((await send('text/csv', 'sku')).status).toBe(401);
  });
});

describe('a row that the database refuses', () => {
  /** A product whose name tells the database which error to answer. */
  const failing = (sku: string, code: string) => ({ sku, name: `SQLSTATE ${code}`, price_cents: 1 });
  const fine = (sku: string) => ({ sku, name: sku, price_cents: 1, stock: 1 });
  beforeAll(async () => {
    const { ownerUrl: url } = shop.world.database.urls;
    const owner = connect({ url, applicationName: 'test', poolMax: 1 });
    await owner`
      create function fail_as_named() returns trigger language plpgsql as $$
      begin raise exception 'as told' using errcode = right(new.name, 5); end $$`;
    await owner`
      create trigger fail_as_named before insert or update on products
        for each row when (new.name like 'SQLSTATE %') execute function fail_as_named()`;
    await owner.end();
  });

  test.each(['22003', '23514', '23505'])('%s: is refused, and no other with it', async (code) => {
    const skus = Array.from({ length: 20 }, (_, n) => `s-${n}`);
    const rows = skus.map((sku, n) => (n === 7 || n === 8 ? failing(sku, code) : fine(sku)));
    const { status, body } = await importJson(rows);
    expect([status, body]).toMatchObject([200, { created: 18, refused_count: 2 }]);
    const errors = [{ field: 'line', code: 'row_not_storable' }];
    expect(body.refused).toMatchObject([
      { line: 8, sku: 's-7', errors },
      { line: 9, sku: 's-8', errors },
    ]);
    expect(JSON.stringify(body)).not.toContain('as told');
    expect(await products()).toHaveLength(18);
    expect(await outboxTypes()).toEqual({ 'product.created': 18, 'stock.changed': 18 });
  });

  test('503 when the database goes away: that is no row’s fault, and the answer says what is imported', async () => {
    const { status, body, headers } = await importJson([fine('a'), fine('b'), failing('a', '57P01')]);
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'database_unavailable', '1']);
    expect(body.imported).toMatchObject({ created: 2, refused_count: 0 });
    expect(await products()).toHaveLength(2);
  });

  test('500 for what is our own fault', async () => {
    expect((await importJson([failing('a', '42P01'), fine('b')])).status).toBe(500);
    expect(await products()).toEqual([]);
  });
});
