import { productCreated, productDeleted, productUpdated, stockChanged } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newSku, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
let staff: Record<string, string>;
let buyer: Record<string, string>;
beforeAll(async () => {
  shop = await openShop();
  [staff, buyer] = [await shop.staff(), await shop.buyer()];
});
afterAll(() => shop[Symbol.asyncDispose]());

const minimal = () => ({ sku: newSku(), name: 'Desk lamp', price_cents: 4500, stock: 3 });
const get = (id: string, headers = shop.anonymous) => shop.request('GET', `/products/${id}`, { headers });
const fieldsOf = (body: { errors?: { field: string }[] }) => body.errors?.map(({ field }) => field);

describe('POST /products', () => {
  test('201 with defaults of the shop, and events of product and stock', async () => {
    const body = minimal();
    const added = await shop.request('POST', '/products', { headers: staff, body });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      ...body,
      description: null,
      category: null,
      currency: 'EUR',
      tax_rate_bps: 400,
      image_url: null,
      attributes: {},
      stock_on_hand: 3,
      stock_reserved: 0,
      version: 1,
    });
    expect(added.headers.get('location')).toBe(`/api/v1/products/${added.body.id}`);
    const [created] = await shop.events(added.body.id);
    expect(created).toMatchObject({ type: 'product.created', version: 1 });
    expect(productCreated.data.parse(created?.data)).toMatchObject({
      sku: body.sku,
      price_cents: 4500,
      tax_rate_bps: 400,
      updated_at: added.body.updated_at,
    });
    const [stocked] = await shop.events(`${added.body.id}/stock`);
    expect(stockChanged.data.parse(stocked?.data)).toMatchObject({ stock: 3, reason: 'initial' });
    expect(await shop.stockOf(added.body.id)).toEqual({
      on_hand: 3,
      reserved: 0,
      moved_on_hand: 3,
      moved_reserved: 0,
    });
  });

  test('409 for a sku that is taken, also in a race; free again after the product is deleted', async () => {
    const body = minimal();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => shop.request('POST', '/products', { headers: staff, body })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201,
      ...Array(7).fill(409),
    ]);
    const refused = answers.find(({ status }) => status === 409);
    expect([refused?.body.code, fieldsOf(refused?.body)]).toEqual(['product_sku_taken', ['sku']]);
    const id = answers.find(({ status }) => status === 201)?.body.id;
    await shop.request('DELETE', `/products/${id}`, { headers: staff });
    const again = await shop.request('POST', '/products', { headers: staff, body });
    expect([again.status, again.body.id === id]).toEqual([201, false]);
  });

  test.each([
    ['a negative price', { price_cents: -1 }, 'price_cents'],
    ['a price past every order', { price_cents: 1e15 }, 'price_cents'],
    ['a text as price', { price_cents: '100' }, 'price_cents'],
    ['another currency', { currency: 'USD' }, 'currency'],
    ['no currency', { currency: 'XXQ' }, 'currency'],
    ['negative stock', { stock: -1 }, 'stock'],
    ['no stock', { stock: undefined }, 'stock'],
    ['a script as image', { image_url: 'javascript:alert(1)' }, 'image_url'],
    ['an empty name', { name: '  ' }, 'name'],
    ['nested attributes', { attributes: { a: { b: 1 } } }, 'attributes.a'],
    ['an unknown field', { admin: true }, 'admin'],
    ['a server’s field', { version: 7 }, 'version'],
    ['a tax of more than all', { tax_rate_bps: 10_001 }, 'tax_rate_bps'],
  ])('422 for %s, by name', async (_name, wrong, field) => {
    const answer = await shop.request('POST', '/products', {
      headers: staff,
      body: { ...minimal(), ...wrong },
    });
    expect([answer.status, answer.body.code]).toEqual([422, 'request_invalid']);
    expect(fieldsOf(answer.body)).toContain(field);
  });

  test('422 for 10^400, 400 for no JSON, 413 for a megabyte, 415 for another type', async () => {
    const json = { ...staff, 'content-type': 'application/json' };
    const send = (raw: string, headers: Record<string, string> = json) =>
      shop.request('POST', '/products', { headers, raw });
    const text = JSON.stringify(minimal());
    expect(fieldsOf((await send(text.replace('4500', `1${'0'.repeat(400)}`))).body)).toEqual(['price_cents']);
    expect((await send('{"sku":')).status).toBe(400);
    expect((await send(JSON.stringify({ ...minimal(), description: 'x'.repeat(1_000_000) }))).status).toBe(
      413,
    );
    expect((await send('sku=1', { ...staff, 'content-type': 'text/plain' })).status).toBe(415);
  });

  test.each([
    { rating: 1e-50, ratings_count: 1e-320 },
    { rating: 1e308, ratings_count: 1e308 },
    { rating: -1e308, ratings_count: -5e-324 },
  ])('201 with %j, which no column could hold as it is', async (attributes) => {
    expect((await shop.addProduct({ attributes })).attributes).toEqual(attributes);
  });

  test('401 without a token, 403 for a buyer, 403 for another tenant', async () => {
    const body = minimal();
    const send = (headers: Record<string, string>) => shop.request('POST', '/products', { headers, body });
    expect((await send(shop.anonymous)).status).toBe(401);
    expect((await send(buyer)).body).toMatchObject({ status: 403, code: 'role_missing' });
    const other = shop.world.addTenant();
    expect((await send({ ...staff, 'x-tenant': other.id })).body.code).toBe('tenant_mismatch');
  });
});

describe('GET /products/{id}', () => {
  test('shows staff the units on hand and reserved, others what can be sold', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    await shop.reserve(newId('order'), [[id, 2]]);
    expect((await get(id, staff)).body).toMatchObject({ stock: 3, stock_on_hand: 5, stock_reserved: 2 });
    const key = { tenantId: shop.tenant.id, roles: ['staff' as const] };
    const [other, fitting] = await Promise.all([
      shop.world.bearer({ ...key, scope: 'orders:read' }),
      shop.world.bearer({ ...key, scope: 'products:read' }),
    ]);
    expect((await get(id, fitting)).body).toMatchObject({ stock_on_hand: 5 });
    for (const headers of [shop.anonymous, buyer, other]) {
      const { body } = await get(id, headers);
      expect(body.stock).toBe(3);
      expect(body).not.toHaveProperty('stock_on_hand');
    }
  });

  test('304 while nothing changed; a new tag after a change of content, of stock, or of the shop', async () => {
    const { id } = await shop.addProduct();
    const first = await get(id);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"/);
    expect(first.headers.get('cache-control')).toBe('public, no-cache');
    expect(first.headers.get('vary')).toContain('X-Tenant');
    const again = () => get(id, { ...shop.anonymous, 'if-none-match': etag });
    const fresh = await again();
    expect([fresh.status, fresh.body, fresh.headers.get('etag')]).toEqual([304, undefined, etag]);
    await shop.reserve(newId('order'), [[id, 1]]);
    expect((await again()).status).toBe(200);
    const stocked = (await get(id)).headers.get('etag') ?? '';
    await shop.request('PATCH', `/products/${id}`, { headers: staff, body: { price_cents: 1 } });
    const changed = await get(id, { ...shop.anonymous, 'if-none-match': stocked });
    expect([changed.status, changed.body.price_cents]).toEqual([200, 1]);
    expect((await get(id, buyer)).headers.get('cache-control')).toBe('private, no-cache');
  });

  test('404 is the same for a missing, a foreign, a deleted and an impossible id', async () => {
    const other = shop.world.addTenant();
    const foreign = await shop.addProduct({}, other);
    const deleted = await shop.addProduct();
    await shop.request('DELETE', `/products/${deleted.id}`, { headers: staff });
    for (const id of [newId('product'), foreign.id, deleted.id, 'nothing', "' or 1=1--"]) {
      for (const headers of [shop.anonymous, buyer, staff]) {
        const { status, body } = await get(encodeURIComponent(id), headers);
        expect([status, body.code, body.detail]).toEqual([
          404,
          'product_not_found',
          'There is no such product.',
        ]);
      }
    }
  });

  test('a product without a rate follows the shop’s', async () => {
    const own = await shop.addProduct({ tax_rate_bps: 2100 });
    const following = await shop.addProduct();
    expect([own.tax_rate_bps, following.tax_rate_bps]).toEqual([2100, 400]);
  });
});

describe('PATCH /products/{id}', () => {
  const patch = (id: string, body: unknown, headers = staff) =>
    shop.request('PATCH', `/products/${id}`, { headers, body });

  test('its time moves on also where the clock does not', async () => {
    const { id } = await shop.addProduct();
    await shop.world.db.transact(
      shop.tenant.id,
      (tx) => tx.sql`update products set updated_at = now() + interval '1 hour' where id = ${id}`,
    );
    const before = (await get(id, staff)).body.updated_at;
    const { body } = await patch(id, { name: 'Later' });
    expect(Date.parse(body.updated_at)).toBe(Date.parse(before) + 1);
  });

  test('changes what is given, with an event whose time always moves on', async () => {
    const { id } = await shop.addProduct({ attributes: { color: 'red', watts: 7 } });
    const names = Array.from({ length: 5 }, (_, n) => `Name ${n}`);
    for (const name of names) expect((await patch(id, { name })).status).toBe(200);
    const last = await patch(id, { attributes: { color: null, tags: ['a'] } });
    expect(last.body).toMatchObject({ name: 'Name 4', version: 7, attributes: { watts: 7, tags: ['a'] } });
    expect(last.body.attributes).not.toHaveProperty('color');
    const updates = (await shop.events(id)).filter(({ type }) => type === 'product.updated');
    expect(updates.map(({ version }) => version)).toEqual([2, 3, 4, 5, 6, 7]);
    const times = updates.map(({ data }) => productUpdated.data.parse(data).updated_at);
    expect(times).toEqual([...new Set(times)].toSorted());
  });

  test('a change that changes nothing makes no version and no event', async () => {
    const product = await shop.addProduct({ attributes: { a: 1, b: 2 } });
    const { body } = await patch(product.id, {
      name: product.name,
      attributes: { b: 2, a: 1 },
      stock: product.stock,
    });
    expect(body).toMatchObject({ version: 1, updated_at: product.updated_at });
    expect(await shop.events(product.id)).toHaveLength(1);
    expect(await shop.events(`${product.id}/stock`)).toHaveLength(1);
  });

  test('stock is what can be sold: reserved units come on top, and a move says the difference', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    await shop.reserve(newId('order'), [[id, 2]]);
    expect((await patch(id, { stock: 10 })).body).toMatchObject({
      stock: 10,
      stock_on_hand: 12,
      stock_reserved: 2,
      version: 1,
    });
    expect(await shop.stockOf(id)).toMatchObject({ on_hand: 12, moved_on_hand: 12 });
    expect((await get(id)).body.stock).toBe(10);
  });

  test('200 for as many as can be for sale, beside those that are reserved', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    await shop.reserve(newId('order'), [[id, 2]]);
    const { status, body } = await patch(id, { stock: 1_000_000_000 });
    expect([status, body]).toMatchObject([200, { stock: 1_000_000_000, stock_on_hand: 1_000_000_002 }]);
  });

  test('what was read before is not shown after', async () => {
    const { id } = await shop.addProduct({ price_cents: 100 });
    const list = () => shop.request('GET', '/products?limit=100', { headers: shop.anonymous });
    await Promise.all([get(id), list()]);
    await patch(id, { price_cents: 200 });
    expect((await get(id)).body.price_cents).toBe(200);
    const { data } = (await list()).body;
    expect(data.find((one: { id: string }) => one.id === id).price_cents).toBe(200);
  });

  test('racing changes of different fields are all kept', async () => {
    const { id } = await shop.addProduct();
    await Promise.all([
      patch(id, { name: 'N' }),
      patch(id, { price_cents: 7 }),
      patch(id, { category: 'c' }),
      patch(id, { attributes: { x: 1 } }),
    ]);
    expect((await get(id, staff)).body).toMatchObject({
      name: 'N',
      price_cents: 7,
      category: 'c',
      attributes: { x: 1 },
      version: 5,
    });
  });

  test('409 for a sku that is taken, 404, 401, 403, 422', async () => {
    const [a, b] = [await shop.addProduct(), await shop.addProduct()];
    expect((await patch(a.id, { sku: b.sku })).body.code).toBe('product_sku_taken');
    expect((await patch(newId('product'), { name: 'x' })).status).toBe(404);
    expect((await patch(a.id, { name: 'x' }, await shop.staff(shop.world.addTenant()))).status).toBe(404);
    expect((await patch(a.id, { name: 'x' }, shop.anonymous)).status).toBe(401);
    expect((await patch(a.id, { name: 'x' }, buyer)).status).toBe(403);
    expect((await patch(a.id, { nothing: 1 })).status).toBe(422);
    expect((await patch(a.id, { currency: 'USD' })).status).toBe(422);
  });
});

describe('PUT /products/{id}', () => {
  const put = (id: string, body: unknown, headers: Record<string, string> = {}) =>
    shop.request('PUT', `/products/${id}`, { headers: { ...staff, ...headers }, body });

  test('replaces: what is absent gets its default, only stock stays', async () => {
    const product = await shop.addProduct({
      description: 'old',
      category: 'old',
      attributes: { a: 1 },
      stock: 4,
    });
    const { body, status } = await put(product.id, { sku: product.sku, name: 'New', price_cents: 5 });
    expect([status, body]).toMatchObject([
      200,
      {
        name: 'New',
        price_cents: 5,
        description: null,
        category: null,
        attributes: {},
        stock: 4,
        version: 2,
      },
    ]);
  });

  test('412 when the content was changed since it was read, and not when something was sold', async () => {
    const product = await shop.addProduct();
    const etag = (await get(product.id, staff)).headers.get('etag') ?? '';
    const body = { sku: product.sku, name: 'Mine', price_cents: 1 };
    await shop.reserve(newId('order'), [[product.id, 1]]);
    expect((await put(product.id, body, { 'if-match': etag })).status).toBe(200);
    const late = await put(product.id, { ...body, name: 'Late' }, { 'if-match': etag });
    expect([late.status, late.body.code]).toEqual([412, 'product_changed']);
    expect((await get(product.id)).body.name).toBe('Mine');
  });

  test('404, 401, 403, 409, 422', async () => {
    const [a, b] = [await shop.addProduct(), await shop.addProduct()];
    const body = { sku: a.sku, name: 'x', price_cents: 1 };
    expect((await put(newId('product'), body)).status).toBe(404);
    expect((await shop.request('PUT', `/products/${a.id}`, { headers: shop.anonymous, body })).status).toBe(
      401,
    );
    expect((await put(a.id, body, buyer)).status).toBe(403);
    expect((await put(a.id, { ...body, sku: b.sku })).status).toBe(409);
    expect((await put(a.id, { name: 'x' })).status).toBe(422);
  });
});

describe('DELETE /products/{id}', () => {
  const remove = (id: string, headers = staff) => shop.request('DELETE', `/products/${id}`, { headers });

  test('204 once, 404 after, gone from lists and search, with an event', async () => {
    const { id, sku } = await shop.addProduct({ name: 'Ephemeral thing' });
    expect((await remove(id)).status).toBe(204);
    expect((await remove(id)).status).toBe(404);
    expect((await get(id)).status).toBe(404);
    const found = await shop.request('GET', '/products/search?q=ephemeral', { headers: shop.anonymous });
    expect(found.body.data).toEqual([]);
    const last = (await shop.events(id)).at(-1);
    expect(last).toMatchObject({ type: 'product.deleted', version: 2 });
    expect(productDeleted.data.parse(last?.data)).toEqual({ product_id: id, sku });
  });

  test('what was reserved before can still be sold', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    const order = newId('order');
    await shop.reserve(order, [[id, 2]]);
    await remove(id);
    expect((await shop.release(order)).status).toBe(204);
    expect(await shop.stockOf(id)).toMatchObject({ on_hand: 5, reserved: 0 });
  });

  test('404 for another tenant, 401, 403', async () => {
    const { id } = await shop.addProduct();
    expect((await remove(id, await shop.staff(shop.world.addTenant()))).status).toBe(404);
    expect((await remove(id, shop.anonymous)).status).toBe(401);
    expect((await remove(id, buyer)).status).toBe(403);
    expect((await get(id)).status).toBe(200);
  });
});

test('two tenants with the same sku never see each other', async () => {
  const other = shop.world.addTenant({ currency: 'USD' });
  const sku = newSku();
  const [ours, theirs] = [
    await shop.addProduct({ sku, name: 'Ours alone' }),
    await shop.addProduct({ sku, name: 'Theirs alone' }, other),
  ];
  for (const headers of [await shop.staff(other), await shop.buyer(other), { 'x-tenant': other.id }]) {
    for (const path of [`/products/${ours.id}`, `/books/${ours.id}`]) {
      expect((await shop.request('GET', path, { headers })).status).toBe(404);
    }
    const listed = await shop.request('GET', '/products', { headers });
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([theirs.id]);
    const found = await shop.request('GET', '/products/search?q=ours+alone', { headers });
    expect(found.body.data).toEqual([]);
  }
  const sees = async (setting: string | null) => {
    const tables = ['products', 'stock', 'stock_moves', 'reservations', 'search_words', 'outbox'];
    return shop.world.db.read(other.id, async (tx) => {
      await tx.sql`select set_config('app.tenant_id', ${setting ?? ''}, true)`;
      const counts = tables.map(
        (table) => tx.sql<{ count: number }[]>`select count(*)::int as count from ${tx.sql(table)}`,
      );
      return (await Promise.all(counts)).map(([row]) => row?.count);
    });
  };
  expect(await sees(null)).toEqual([0, 0, 0, 0, 0, 0]);
  expect((await sees(other.id)).slice(0, 3)).toEqual([1, 1, 1]);
});
