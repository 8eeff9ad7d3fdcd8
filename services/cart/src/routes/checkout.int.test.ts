import { randomUUID } from 'node:crypto';
import type { Id } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Buyer, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.neighbours.orders.mode = 'answer';
  shop.neighbours.orders.before = async () => {};
});

const BODY = { payment_method: 'card', payment_token: 'pm_card_visa' };

const checkOut = (buyer: Buyer, key: string = randomUUID(), body: unknown = BODY, path = '/cart/checkout') =>
  shop.request('POST', path, { headers: { ...buyer.headers, 'idempotency-key': key }, body });
const add = (buyer: Buyer, productId: string, quantity = 1) =>
  shop.request('POST', '/cart/items', { headers: buyer.headers, body: { product_id: productId, quantity } });
const itemsOf = async (buyer: Buyer) =>
  (await shop.request('GET', '/cart', { headers: buyer.headers })).body.items.map((item: never) => [
    item['product_id'],
    item['quantity'],
  ]);
const requestsOf = (key: string) => shop.neighbours.orders.requests.filter((request) => request.key === key);
const eventsOf = (cartId: string) =>
  shop.world.db.read(
    shop.tenant.id,
    (tx) => tx.sql`select type, data from outbox where aggregate_id = ${cartId}`,
  );

/** A buyer with one product in the cart. */
async function shopper(quantity = 1): Promise<{ buyer: Buyer; product: Id<'product'>; cartId: string }> {
  const buyer = await shop.addBuyer();
  const product = shop.addProduct();
  const { body } = await add(buyer, product, quantity);
  return { buyer, product, cartId: body.cart_id };
}

describe('POST /cart/checkout', () => {
  test('201 with the order; the cart is closed and tells so, once', async () => {
    const { buyer, product, cartId } = await shopper(2);
    const key = randomUUID();
    const answer = await checkOut(buyer, key);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('idempotency-replayed')).toBeNull();
    expect(requestsOf(key)).toMatchObject([
      {
        userToken: buyer.headers['authorization']?.replace('Bearer ', ''),
        body: { ...BODY, cart_id: cartId, items: [{ product_id: product, quantity: 2 }] },
      },
    ]);
    expect(await itemsOf(buyer)).toEqual([]);
    expect(await eventsOf(cartId)).toEqual([
      {
        type: 'cart.checked_out',
        data: { cart_id: cartId, order_id: answer.body.id, user_id: buyer.userId },
      },
    ]);
  });

  test('the alias /purchases/checkout and X-Idempotency-Key do the same', async () => {
    const { buyer } = await shopper();
    const headers = { ...buyer.headers, 'x-idempotency-key': randomUUID() };
    const answer = await shop.request('POST', '/purchases/checkout', { headers, body: BODY });
    expect(answer.status).toBe(201);
  });

  test('the same key again: the same order, marked as a repetition, whatever the cart holds now', async () => {
    const { buyer } = await shopper();
    const key = randomUUID();
    const first = await checkOut(buyer, key);
    const next = shop.addProduct();
    await add(buyer, next);
    const again = await checkOut(buyer, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(`/api/v1/orders/${first.body.id}`);
    expect(requestsOf(key)[1]?.body).toEqual(requestsOf(key)[0]?.body);
    expect(await itemsOf(buyer)).toEqual([[next, 1]]);
  });

  test('422 for the same key with another body', async () => {
    const { buyer } = await shopper();
    const key = randomUUID();
    await checkOut(buyer, key);
    const other = await checkOut(buyer, key, { ...BODY, payment_method: 'transfer' });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(requestsOf(key)).toHaveLength(1);
  });

  test('an answer that is lost: the repetition sends what was frozen and finishes the cart', async () => {
    const { buyer, product, cartId } = await shopper();
    const key = randomUUID();
    shop.neighbours.orders.mode = 'lose';
    const lost = await checkOut(buyer, key);
    expect([lost.status, lost.body.code]).toEqual([503, 'service_unavailable']);
    const late = shop.addProduct();
    await add(buyer, late);
    await add(buyer, product, 4);
    shop.neighbours.orders.mode = 'answer';
    const again = await checkOut(buyer, key);
    expect(again.status).toBe(201);
    expect(new Set(requestsOf(key).map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await itemsOf(buyer)).toEqual([
      [product, 4],
      [late, 1],
    ]);
    expect(await eventsOf(cartId)).toHaveLength(1);
  });

  test('while the outcome is unknown another key gets 409 and makes no second order', async () => {
    const { buyer } = await shopper();
    const key = randomUUID();
    shop.neighbours.orders.mode = 'lose';
    await checkOut(buyer, key);
    shop.neighbours.orders.mode = 'answer';
    const other = randomUUID();
    const refused = await checkOut(buyer, other);
    expect([refused.status, refused.body.code]).toEqual([409, 'cart_checkout_in_flight']);
    expect(requestsOf(other)).toEqual([]);
    expect((await checkOut(buyer, key)).status).toBe(201);
  });

  test('orders still works on the first try: its 409 passes through and the cart stays held', async () => {
    const { buyer } = await shopper();
    const key = randomUUID();
    shop.neighbours.orders.mode = 'in-flight';
    expect((await checkOut(buyer, key)).body.code).toBe('idempotency_key_in_flight');
    shop.neighbours.orders.mode = 'answer';
    expect((await checkOut(buyer)).body.code).toBe('cart_checkout_in_flight');
    expect((await checkOut(buyer, key)).status).toBe(201);
  });

  test('what orders refuses passes through; the cart can change and be tried again, with any key', async () => {
    const { buyer, product } = await shopper(50);
    const key = randomUUID();
    shop.neighbours.orders.mode = 'refuse';
    const refused = await checkOut(buyer, key);
    expect([refused.status, refused.body.code]).toEqual([409, 'stock_insufficient']);
    expect(await itemsOf(buyer)).toEqual([[product, 50]]);
    await shop.request('PATCH', `/cart/items/${product}`, { headers: buyer.headers, body: { quantity: 1 } });
    shop.neighbours.orders.mode = 'answer';
    const again = await checkOut(buyer, randomUUID());
    expect(again.status).toBe(201);
    expect(shop.neighbours.orders.requests.at(-1)?.body.items).toEqual([
      { product_id: product, quantity: 1 },
    ]);
  });

  test('a line that comes while orders works stays for the next cart', async () => {
    const { buyer } = await shopper();
    const late = shop.addProduct();
    shop.neighbours.orders.before = async () => void (await add(buyer, late, 3));
    expect((await checkOut(buyer)).status).toBe(201);
    expect(await itemsOf(buyer)).toEqual([[late, 3]]);
  });

  test('eight windows with keys of their own: one order', async () => {
    const { buyer } = await shopper();
    const before = shop.neighbours.orders.orders.size;
    // The order is not made before all others were answered, or a second one was asked for.
    const { promise: allIn, resolve } = Promise.withResolvers<void>();
    const seen = { calls: 0, answers: 0 };
    shop.neighbours.orders.before = () => {
      seen.calls += 1;
      if (seen.calls > 1) resolve();
      return allIn;
    };
    const windows = Array.from({ length: 8 }, async () => {
      const answer = await checkOut(buyer);
      seen.answers += 1;
      if (seen.answers === 7) resolve();
      return answer;
    });
    const answers = await Promise.all(windows);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(shop.neighbours.orders.orders.size - before).toBe(1);
    const refusals = answers.filter(({ status }) => status !== 201).map(({ body }) => body.code);
    expect(['cart_checkout_in_flight', 'cart_empty']).toEqual(expect.arrayContaining([...new Set(refusals)]));
  });

  test('20 keys, each raced by 4: 20 orders, and every answer is the order or a conflict', async () => {
    const buyers = await Promise.all(Array.from({ length: 20 }, () => shopper()));
    const before = shop.neighbours.orders.orders.size;
    const races = buyers.map(async ({ buyer }) => {
      const key = randomUUID();
      const answers = await Promise.all(Array.from({ length: 4 }, () => checkOut(buyer, key)));
      const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
      expect(ids.size).toBe(1);
      expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    });
    await Promise.all(races);
    expect(shop.neighbours.orders.orders.size - before).toBe(20);
  });

  test('an anonymous cart that comes along is bought, too', async () => {
    const { buyer, product } = await shopper();
    const other = shop.addProduct();
    const { body } = await shop.request('POST', '/cart/items', {
      headers: shop.anonymous,
      body: { product_id: other, quantity: 2 },
    });
    const headers = { ...buyer.headers, 'x-cart-token': body.cart_token };
    expect((await checkOut({ ...buyer, headers })).status).toBe(201);
    expect(shop.neighbours.orders.requests.at(-1)?.body.items).toEqual(
      expect.arrayContaining([
        { product_id: product, quantity: 1 },
        { product_id: other, quantity: 2 },
      ]),
    );
  });

  test('409 for an empty cart, and orders is not asked', async () => {
    const buyer = await shop.addBuyer();
    const key = randomUUID();
    const { status, body } = await checkOut(buyer, key);
    expect([status, body.code]).toEqual([409, 'cart_empty']);
    const { buyer: emptied, product } = await shopper();
    await shop.request('DELETE', `/cart/items/${product}`, { headers: emptied.headers });
    expect((await checkOut(emptied, key)).body.code).toBe('cart_empty');
    expect(requestsOf(key)).toEqual([]);
  });

  test('400 without a key or with a bad one, 401 without a token, 403 without the scope, 422 for a bad body', async () => {
    const { buyer } = await shopper();
    const { headers } = buyer;
    const post = (given: Record<string, string>, body: unknown) =>
      shop.request('POST', '/cart/checkout', { headers: given, body });
    expect((await post(headers, BODY)).body.code).toBe('idempotency_key_required');
    expect((await post({ ...headers, 'idempotency-key': 'short' }, BODY)).status).toBe(400);
    expect((await post(shop.anonymous, BODY)).status).toBe(401);
    const scoped = await shop.world.bearer({ tenantId: shop.tenant.id, scope: 'cart:read' });
    expect((await post(scoped, BODY)).body.code).toBe('scope_missing');
    const bad = await checkOut(buyer, randomUUID(), { payment_method: 'gold', total_cents: 1 });
    expect([bad.status, bad.body.errors.map(({ field }: { field: string }) => field).toSorted()]).toEqual([
      422,
      ['payment_method', 'total_cents'],
    ]);
  });
});
