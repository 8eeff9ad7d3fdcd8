import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../../fixtures/shop.ts';
import { LINES_MAX, QUANTITY_MAX } from '../rules/limits.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.neighbours.catalog.isDown = false;
});

const add = (headers: Record<string, string>, body: unknown, path = '/cart/items') =>
  shop.request('POST', path, { headers, body });
const show = async (headers: Record<string, string>) =>
  (await shop.request('GET', '/cart', { headers })).body;
const quantities = async (headers: Record<string, string>) =>
  Object.fromEntries(
    (await show(headers)).items.map((item: never) => [item['product_id'], item['quantity']]),
  );

describe('POST /cart/items', () => {
  test('200 adds up, and tells what the cart holds', async () => {
    const { headers } = await shop.addBuyer();
    const product = shop.addProduct();
    const other = shop.addProduct();
    expect((await add(headers, { product_id: product, quantity: 2 })).status).toBe(200);
    await add(headers, { product_id: other });
    const answer = await add(headers, { product_id: product, quantity: 3 });
    expect(answer.body).toEqual({
      cart_id: expect.stringMatching(/^crt_/),
      product_id: product,
      quantity: 5,
      line_count: 2,
      unit_count: 6,
    });
    expect(await quantities(headers)).toEqual({ [product]: 5, [other]: 1 });
  });

  test.each([
    ['/cart', 'product_id'],
    ['/cart/add', 'product_id'],
    ['/cart/add', 'book_id'],
  ])('%s with %s does the same', async (path, field) => {
    const { headers } = await shop.addBuyer();
    const product = shop.addProduct();
    expect((await add(headers, { [field]: product, quantity: 1 }, path)).status).toBe(200);
    expect(await quantities(headers)).toEqual({ [product]: 1 });
  });

  test('asks catalog once about a product, not once per add; stock is no matter', async () => {
    const product = shop.addProduct({ stock: 0 });
    const before = shop.neighbours.catalog.lookups;
    for (const { headers } of [await shop.addBuyer(), await shop.addBuyer()]) {
      expect((await add(headers, { product_id: product, quantity: 50 })).status).toBe(200);
    }
    expect(shop.neighbours.catalog.lookups - before).toBe(1);
  });

  test('a known product can be added while catalog is away, an unknown one gets 503', async () => {
    const { headers } = await shop.addBuyer();
    const [known, unknown] = [shop.addProduct(), shop.addProduct()];
    await add(headers, { product_id: known });
    shop.neighbours.catalog.isDown = true;
    expect((await add(headers, { product_id: known })).status).toBe(200);
    const refused = await add(headers, { product_id: unknown });
    expect([refused.status, refused.body.code]).toEqual([503, 'service_unavailable']);
  });

  test('404 for a product that does not exist, is of another tenant or is no id', async () => {
    const { headers } = await shop.addBuyer();
    const foreign = newId('product');
    const product = shop.neighbours.catalog.products.get(`${shop.tenant.id}/${shop.addProduct()}`);
    if (product) shop.neighbours.catalog.products.set(`acme/${foreign}`, { ...product, product_id: foreign });
    for (const product_id of [foreign, newId('product'), 'nonsense']) {
      const { status, body } = await add(headers, { product_id });
      expect([status, body.code]).toEqual([404, 'product_not_found']);
    }
    expect((await show(headers)).items).toEqual([]);
  });

  test.each([
    ['no product', { quantity: 1 }, 'product_id'],
    ['no units', { product_id: 'p', quantity: 0 }, 'quantity'],
    ['a part of a unit', { product_id: 'p', quantity: 1.5 }, 'quantity'],
    ['too many units', { product_id: 'p', quantity: QUANTITY_MAX + 1 }, 'quantity'],
    ['an unknown field', { product_id: 'p', price_cents: 1 }, 'price_cents'],
  ])('422 for %s', async (_name, body, field) => {
    const { headers } = await shop.addBuyer();
    const answer = await add(headers, body);
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
  });

  test('422 for both product_id and book_id', async () => {
    const { headers } = await shop.addBuyer();
    expect((await add(headers, { product_id: 'p', book_id: 'p' }, '/cart/add')).status).toBe(422);
  });

  test('409 beyond the units of one product, and nothing changes', async () => {
    const { headers } = await shop.addBuyer();
    const product = shop.addProduct();
    await add(headers, { product_id: product, quantity: QUANTITY_MAX });
    const { status, body } = await add(headers, { product_id: product, quantity: 1 });
    expect([status, body.code]).toEqual([409, 'cart_quantity_limit']);
    expect(await quantities(headers)).toEqual({ [product]: QUANTITY_MAX });
  });

  test('409 beyond the lines of a cart, also when many come at once', async () => {
    const { headers } = await shop.addBuyer();
    const products = Array.from({ length: LINES_MAX + 5 }, () => shop.addProduct());
    // Ten at a time: all at once would be more than a busy machine admits, and each of these has to get in.
    for (let from = 0; from < products.length - 20; from += 10) {
      const some = products.slice(from, Math.min(from + 10, products.length - 20));
      const added = await Promise.all(some.map((product_id) => add(headers, { product_id })));
      expect(added.map(({ status }) => status)).toEqual(some.map(() => 200));
    }
    const answers = await Promise.all(products.slice(-20).map((product_id) => add(headers, { product_id })));
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused.map(({ body }) => body.code)).toEqual(Array.from({ length: 5 }, () => 'cart_lines_limit'));
    expect((await show(headers)).line_count).toBe(LINES_MAX);
  });

  test('many adds at once end in one cart with all of them', async () => {
    const { headers } = await shop.addBuyer();
    const product = shop.addProduct();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => add(headers, { product_id: product })),
    );
    expect(new Set(answers.map(({ body }) => body.cart_id)).size).toBe(1);
    expect(await quantities(headers)).toEqual({ [product]: 20 });
  });

  test('401 with a token that is none, 403 for a machine client', async () => {
    expect((await add({ authorization: 'Bearer x' }, { product_id: 'p' })).status).toBe(401);
    const tenantId = shop.tenant.id;
    const key = await shop.world.bearer({ tenantId, userId: newId('apiKey'), scope: 'cart:write' });
    const machine = await add(key, { product_id: 'p' });
    expect([machine.status, machine.body.code]).toEqual([403, 'cart_user_required']);
    const narrow = await shop.world.bearer({ tenantId, userId: newId('apiKey'), scope: 'products:read' });
    expect((await add(narrow, { product_id: 'p' })).body.code).toBe('scope_missing');
  });
});

describe('GET /cart', () => {
  test('400 without a tenant, 403 for another tenant than the token’s', async () => {
    expect((await shop.request('GET', '/cart')).status).toBe(400);
    const { headers } = await shop.addBuyer();
    const other = shop.world.addTenant();
    const { status, body } = await shop.request('GET', '/cart', {
      headers: { ...headers, 'x-tenant': other.id },
    });
    expect([status, body.code]).toEqual([403, 'tenant_mismatch']);
  });

  test('is empty for who has none', async () => {
    const empty = { id: null, items: [], subtotal_cents: 0, stale: false, currency: 'EUR' };
    expect(await show(shop.anonymous)).toMatchObject(empty);
    expect(await show((await shop.addBuyer()).headers)).toMatchObject(empty);
  });

  test('shows what catalog says now, and the last known names and prices when it is away', async () => {
    const { headers } = await shop.addBuyer();
    const product = shop.addProduct({ stock: 3 });
    await add(headers, { product_id: product, quantity: 4 });
    expect(await show(headers)).toMatchObject({
      subtotal_cents: 5196,
      stale: false,
      items: [{ name: 'Lámpara', stock: 3, flags: ['short'], unit_price_cents: 1299 }],
    });
    shop.neighbours.catalog.isDown = true;
    expect(await show(headers)).toMatchObject({
      subtotal_cents: 5196,
      stale: true,
      items: [{ name: 'Lámpara', stock: null, flags: [] }],
    });
  });
});

describe('PATCH and DELETE /cart/items/{product_id}', () => {
  const change = (method: string, id: string, headers: Record<string, string>, body?: unknown) =>
    shop.request(method, `/cart/items/${id}`, { headers, body });

  test('set the quantity, take over the new price, and take the line out', async () => {
    const { headers } = await shop.addBuyer();
    const product = shop.addProduct();
    await add(headers, { product_id: product, quantity: 4 });
    const patched = await change('PATCH', product, headers, { quantity: 2 });
    expect([patched.status, patched.body.items[0].quantity]).toEqual([200, 2]);
    const removed = await change('DELETE', product, headers);
    expect([removed.status, removed.body.items]).toEqual([200, []]);
  });

  test('404 for a line that is not in this cart, whoever else has it', async () => {
    const [owner, stranger] = [await shop.addBuyer(), await shop.addBuyer()];
    const product = shop.addProduct();
    await add(owner.headers, { product_id: product });
    for (const headers of [stranger.headers, shop.anonymous]) {
      for (const [method, body] of [
        ['PATCH', { quantity: 2 }],
        ['DELETE', undefined],
      ] as const) {
        const answer = await change(method, product, headers, body);
        expect([answer.status, answer.body.code]).toEqual([404, 'cart_item_not_found']);
      }
    }
    expect(await quantities(owner.headers)).toEqual({ [product]: 1 });
  });

  test('422 for a quantity of 0', async () => {
    const { headers } = await shop.addBuyer();
    expect((await change('PATCH', 'p', headers, { quantity: 0 })).status).toBe(422);
  });
});

test('DELETE /cart empties it, and is 204 for an empty one too', async () => {
  const { headers } = await shop.addBuyer();
  await add(headers, { product_id: shop.addProduct() });
  for (let time = 0; time < 2; time += 1) {
    expect((await shop.request('DELETE', '/cart', { headers })).status).toBe(204);
    expect((await show(headers)).items).toEqual([]);
  }
  expect((await shop.request('DELETE', '/cart', { headers: shop.anonymous })).status).toBe(204);
});

describe('an anonymous cart', () => {
  const begin = async (quantity = 1, product = shop.addProduct()) => {
    const { headers, body } = await add(shop.anonymous, { product_id: product, quantity });
    const token = headers.get('x-cart-token') ?? '';
    expect(body.cart_token).toBe(token);
    return { product, token, headers: { ...shop.anonymous, 'x-cart-token': token } };
  };

  test('is found by its token only', async () => {
    const { product, headers } = await begin();
    await add(headers, { product_id: product });
    expect(await quantities(headers)).toEqual({ [product]: 2 });
    expect((await show(shop.anonymous)).items).toEqual([]);
  });

  test('400 for a forged token, on every route', async () => {
    const headers = { ...shop.anonymous, 'x-cart-token': `${newId('cart')}.forged` };
    const requests = [
      ['GET', '/cart'],
      ['DELETE', '/cart'],
      ['DELETE', '/cart/items/p'],
    ] as const;
    const answers = await Promise.all(
      requests.map(([method, path]) => shop.request(method, path, { headers })),
    );
    answers.push(await add(headers, { product_id: 'p' }));
    expect(answers.map(({ body }) => body.code)).toEqual(
      Array.from({ length: 4 }, () => 'cart_token_invalid'),
    );
  });

  test('400 for the token of another tenant', async () => {
    const { token } = await begin();
    const other = shop.world.addTenant();
    const headers = { 'x-tenant': other.id, 'x-cart-token': token };
    expect((await shop.request('GET', '/cart', { headers })).body.code).toBe('cart_token_invalid');
  });

  test('merges into the cart of the user who signs in with it: quantities add, once', async () => {
    const buyer = await shop.addBuyer();
    const shared = shop.addProduct();
    await add(buyer.headers, { product_id: shared, quantity: 2 });
    const { token, headers } = await begin(3, shared);
    const own = shop.addProduct();
    await add(headers, { product_id: own, quantity: 1 });
    const both = { ...buyer.headers, 'x-cart-token': token };
    await Promise.all(Array.from({ length: 5 }, () => show(both)));
    expect(await quantities(both)).toEqual({ [shared]: 5, [own]: 1 });
    expect((await show(headers)).items).toEqual([]);
  });

  test('keeps within the limits when it merges', async () => {
    const buyer = await shop.addBuyer();
    const shared = shop.addProduct();
    await add(buyer.headers, { product_id: shared, quantity: QUANTITY_MAX });
    const { token, headers } = await begin(3, shared);
    const others = Array.from({ length: LINES_MAX - 1 }, () => shop.addProduct());
    await Promise.all(others.map((product_id) => add(headers, { product_id })));
    await add(buyer.headers, { product_id: shop.addProduct() });
    const cart = await show({ ...buyer.headers, 'x-cart-token': token });
    expect(cart.line_count).toBe(LINES_MAX);
    expect(cart.items.find((item: never) => item['product_id'] === shared).quantity).toBe(QUANTITY_MAX);
  });

  test('once merged, its token begins a new cart and does not reach the user’s', async () => {
    const buyer = await shop.addBuyer();
    const { token, headers } = await begin();
    await show({ ...buyer.headers, 'x-cart-token': token });
    const product = shop.addProduct();
    const again = await add(headers, { product_id: product });
    expect(again.status).toBe(200);
    expect(again.body.cart_token).not.toBe(token);
    expect(Object.keys(await quantities(buyer.headers))).not.toContain(product);
  });
});
