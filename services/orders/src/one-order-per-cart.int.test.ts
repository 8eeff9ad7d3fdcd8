import { newId } from '@zoco/kernel';
import { migrate, openDatabase } from '@zoco/postgres';
import { SERVICE_TOKEN_HEADER } from '@zoco/service';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Answer, openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';

let shop: Shop;
let buyer: Awaited<ReturnType<Shop['addBuyer']>>;
let fromCart: Record<string, string>;
beforeAll(async () => {
  shop = await openShop();
  const identity = await shop.world.tokens.identity('cart');
  fromCart = { [SERVICE_TOKEN_HEADER]: await identity.tokenFor('orders'), 'x-tenant': shop.tenant.id };
});
beforeEach(async () => {
  buyer = await shop.addBuyer();
});
afterEach(() => {
  shop.neighbours.catalog.mode = 'answer';
});
afterAll(() => shop[Symbol.asyncDispose]());

const bodyFor = (productId: string) => ({
  cart_id: newId('cart'),
  items: [{ product_id: productId, quantity: 1 }],
  payment_method: 'card',
  payment_token: 'pm_card_visa',
});
const checkOut = (body: unknown, key = uniqueKey()): Promise<Answer> =>
  shop.request('POST', '/internal/orders', {
    headers: { ...fromCart, ...buyer.headers, 'idempotency-key': key },
    body,
  });
const cancel = (id: string) =>
  shop.request('POST', `/api/v1/orders/${id}/cancel`, { headers: buyer.headers });

test('another key for a cart that is an order: refused by the name of that order, and nothing is reserved', async () => {
  const product = shop.addProduct();
  const body = bodyFor(product.id);
  const key = uniqueKey();
  const first = await checkOut(body, key);
  const second = await checkOut({ ...body, payment_token: 'pm_card_mastercard' });
  expect([second.status, second.body.code, second.body.order_id]).toEqual([
    409,
    'cart_checked_out',
    first.body.id,
  ]);
  expect(second.headers.get('location')).toBe(`/api/v1/orders/${first.body.id}`);
  expect(product.stock).toBe(999);
  const replayed = await checkOut(body, key);
  expect([replayed.status, replayed.text]).toEqual([201, first.text]);
});

test('eight keys that race for one cart: one order', async () => {
  const product = shop.addProduct();
  const body = bodyFor(product.id);
  const answers = await Promise.all(Array.from({ length: 8 }, () => checkOut(body)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const codes = new Set(answers.filter(({ status }) => status === 409).map((one) => one.body.code));
  expect(['cart_checkout_in_flight', 'cart_checked_out']).toEqual(expect.arrayContaining([...codes]));
  expect(product.stock).toBe(999);
});

test('while nobody knows whether the first one will be an order, another key waits', async () => {
  const product = shop.addProduct();
  const body = bodyFor(product.id);
  shop.neighbours.catalog.mode = 'lose';
  const key = uniqueKey();
  expect((await checkOut(body, key)).status).toBe(503);
  shop.neighbours.catalog.mode = 'answer';
  const other = uniqueKey();
  const waiting = await checkOut(body, other);
  expect([waiting.status, waiting.body.code]).toEqual([409, 'cart_checkout_in_flight']);
  expect(waiting.headers.get('retry-after')).toBe('5');
  const first = await checkOut(body, key);
  expect(first.status).toBe(201);
  expect((await checkOut(body, other)).body).toMatchObject({
    code: 'cart_checked_out',
    order_id: first.body.id,
  });
  expect(product.stock).toBe(999);
});

test('a cart whose order was refused, or given up, may become another one', async () => {
  const product = shop.addProduct({ stock: 2 });
  const body = bodyFor(product.id);
  const greedy = { ...body, items: [{ product_id: product.id, quantity: 3 }] };
  expect((await checkOut(greedy)).body.code).toBe('stock_insufficient');
  const first = await checkOut(body);
  expect(first.status).toBe(201);
  expect((await cancel(first.body.id)).body.status).toBe('canceled');
  expect((await checkOut(body)).status).toBe(201);
});

test('orders without a cart are as many as one likes', async () => {
  const items = [{ product_id: shop.addProduct().id, quantity: 1 }];
  const [one, other] = [
    await shop.place(buyer.headers, { items }),
    await shop.place(buyer.headers, { items }),
  ];
  expect(one.id).not.toBe(other.id);
});

test('the migration lets the first of two orders that have one cart keep it', async () => {
  const migrations = new URL('../migrations/', import.meta.url);
  const { urls } = shop.world.database;
  await using owner = openDatabase({
    url: urls.ownerUrl,
    workerUrl: urls.ownerUrl,
    applicationName: 'owner',
  });
  await owner.work((tx) => tx.sql`drop index orders_live_of_cart`);
  const product = shop.addProduct();
  const body = bodyFor(product.id);
  const canceled = await checkOut(body);
  await cancel(canceled.body.id);
  const [first, second] = [await checkOut(body), await checkOut(body)];
  await owner.work(async (tx) => {
    // What came after it goes as well, to be made again.
    await tx.sql`alter table orders drop column reference`;
    await tx.sql`
      delete from drizzle.__drizzle_migrations
      where created_at >= (select created_at from drizzle.__drizzle_migrations order by created_at offset 3 limit 1)`;
  });
  await migrate({ ownerUrl: urls.ownerUrl, service: 'orders', folder: migrations.pathname });
  const cartOf = await shop.world.db.read(
    shop.tenant.id,
    (tx) =>
      tx.sql`select id, cart_id, version from orders where user_id = ${buyer.userId} order by created_at, id`,
  );
  expect(cartOf).toEqual([
    { id: canceled.body.id, cart_id: body.cart_id, version: 3 },
    { id: first.body.id, cart_id: body.cart_id, version: 2 },
    { id: second.body.id, cart_id: null, version: 2 },
  ]);
  expect((await checkOut(body)).body.order_id).toBe(first.body.id);
});
