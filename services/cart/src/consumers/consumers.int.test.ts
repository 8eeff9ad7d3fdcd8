import { randomUUID } from 'node:crypto';
import { HANDLES, orderCreated, type productDeleted, type productUpdated } from '@zoco/contracts';
import type { EventData, EventDefinition } from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Buyer, openShop, type Shop } from '../../fixtures/shop.ts';
import { purgeCarts, purgeCheckouts } from '../actions/purge-carts.ts';
import { createOwnCheckouts } from '../own-checkouts.ts';
import { handlers } from './index.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.neighbours.catalog.isDown = false;
  shop.neighbours.orders.mode = 'answer';
});

/** Hands an event to its handler in a transaction, as the consumer does. */
async function deliver<E extends EventDefinition>(type: string, data: EventData<E>, time = new Date()) {
  const handler = handlers(createOwnCheckouts()).find(({ event }) => event.type === type);
  if (handler === undefined) throw new Error(`nothing handles ${type}`);
  const event = {
    id: newId('event'),
    tenantId: shop.tenant.id,
    aggregateId: 'aggregate',
    version: 1,
    time,
    data: handler.event.data.parse(data),
  };
  await shop.world.db.transact(shop.tenant.id, (tx) => handler.handle(tx, event));
}

const add = (buyer: Buyer, productId: string, quantity = 1) =>
  shop.request('POST', '/cart/items', { headers: buyer.headers, body: { product_id: productId, quantity } });
const show = async (buyer: Buyer) => (await shop.request('GET', '/cart', { headers: buyer.headers })).body;
const checkOut = (buyer: Buyer, key: string = randomUUID()) =>
  shop.request('POST', '/cart/checkout', {
    headers: { ...buyer.headers, 'idempotency-key': key },
    body: { payment_method: 'card' },
  });
const eventsOf = (cartId: string) =>
  shop.world.db.read(shop.tenant.id, (tx) => tx.sql`select data from outbox where aggregate_id = ${cartId}`);

/** As if the outcome of a checkout had been unknown for longer than it keeps others out. */
const endHold = (cartId: string) =>
  shop.world.db.transact(
    shop.tenant.id,
    (tx) => tx.sql`update carts set checkout_until = now() - interval '1 second' where id = ${cartId}`,
  );

const changed = (productId: Id<'product'>, name: string, price: number, at: string) =>
  deliver<typeof productUpdated>('product.updated', {
    product_id: productId,
    sku: 'sku',
    name,
    category: null,
    price_cents: price,
    currency: 'EUR',
    tax_rate_bps: 400,
    image_url: null,
    updated_at: at,
  });

describe('product.updated', () => {
  test('changes what is shown while catalog is away; an older one changes nothing', async () => {
    const buyer = await shop.addBuyer();
    const product = shop.addProduct();
    await add(buyer, product);
    await changed(product, 'Lámpara roja', 1499, '2026-03-01T00:00:00.000Z');
    await changed(product, 'Lámpara vieja', 999, '2026-02-01T00:00:00.000Z');
    shop.neighbours.catalog.isDown = true;
    expect(await show(buyer)).toMatchObject({
      items: [
        { name: 'Lámpara roja', unit_price_cents: 1499, added_price_cents: 1299, flags: ['price_changed'] },
      ],
    });
    await shop.request('PATCH', `/cart/items/${product}`, { headers: buyer.headers, body: { quantity: 2 } });
    expect(await show(buyer)).toMatchObject({ items: [{ added_price_cents: 1499, flags: [] }] });
  });

  test('of a product in no cart is forgotten', async () => {
    const product = newId('product');
    await changed(product, 'A', 1, '2026-03-01T00:00:00.000Z');
    const rows = await shop.world.db.read(
      shop.tenant.id,
      (tx) => tx.sql`select 1 from product_copies where product_id = ${product}`,
    );
    expect(rows).toHaveLength(0);
  });
});

describe('product.deleted', () => {
  test('marks the line, and no cart takes the product any more', async () => {
    const [buyer, other] = [await shop.addBuyer(), await shop.addBuyer()];
    const product = shop.addProduct();
    await add(buyer, product);
    shop.neighbours.catalog.products.delete(`${shop.tenant.id}/${product}`);
    await deliver<typeof productDeleted>('product.deleted', { product_id: product, sku: 'sku' });
    expect((await add(other, product)).body.code).toBe('product_not_found');
    shop.neighbours.catalog.isDown = true;
    expect(await show(buyer)).toMatchObject({
      subtotal_cents: 0,
      items: [{ name: 'Lámpara', flags: ['unavailable'], subtotal_cents: null }],
    });
  });
});

const created = (
  cartId: Id<'cart'> | null,
  orderId: Id<'order'>,
  items: { product_id: Id<'product'>; quantity: number }[],
) =>
  deliver<typeof orderCreated>('order.created', {
    ...orderCreated.data.parse(orderCreated.example),
    cart_id: cartId,
    order_id: orderId,
    items: items.map((item) => ({
      ...orderCreated.data.parse(orderCreated.example).items[0],
      ...item,
    })) as never,
  });

describe('order.created', () => {
  test('finishes a checkout whose answer was lost; its repetition gets the same order, and no second event', async () => {
    const buyer = await shop.addBuyer();
    const product = shop.addProduct();
    const { body } = await add(buyer, product, 2);
    const key = randomUUID();
    shop.neighbours.orders.mode = 'lose';
    expect((await checkOut(buyer, key)).status).toBe(503);
    const order = shop.neighbours.orders.orders.get(key);
    await created(body.cart_id, order?.id ?? newId('order'), [{ product_id: product, quantity: 2 }]);
    expect((await show(buyer)).items).toEqual([]);
    await created(body.cart_id, order?.id ?? newId('order'), [{ product_id: product, quantity: 2 }]);
    shop.neighbours.orders.mode = 'answer';
    const again = await checkOut(buyer, key);
    expect([again.status, again.body.id]).toEqual([201, order?.id]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await eventsOf(body.cart_id)).toHaveLength(1);
  });

  test('of a checkout whose token ended between two tries: the next token finds the order', async () => {
    const buyer = await shop.addBuyer();
    const product = shop.addProduct();
    const { body } = await add(buyer, product);
    const key = randomUUID();
    shop.neighbours.orders.mode = 'lapse';
    expect((await checkOut(buyer, key)).body.code).toBe('token_invalid');
    const order = shop.neighbours.orders.orders.get(key);
    await created(body.cart_id, order?.id ?? newId('order'), [{ product_id: product, quantity: 1 }]);
    shop.neighbours.orders.mode = 'answer';
    const again = await checkOut(buyer, key);
    expect([again.status, again.body.id]).toEqual([201, order?.id]);
  });

  test('comes after the hold was over and another key refused: it closes the cart, and both keys know the one order', async () => {
    const buyer = await shop.addBuyer();
    const product = shop.addProduct();
    const { body } = await add(buyer, product, 2);
    const [key, other] = [randomUUID(), randomUUID()];
    shop.neighbours.orders.mode = 'lose';
    expect((await checkOut(buyer, key)).status).toBe(503);
    await endHold(body.cart_id);
    const late = shop.addProduct();
    await add(buyer, late);
    shop.neighbours.orders.mode = 'answer';
    const order = shop.neighbours.orders.orders.get(key);
    const refused = await checkOut(buyer, other);
    expect([refused.status, refused.body.code, refused.body.order_id]).toEqual([
      409,
      'cart_checked_out',
      order?.id,
    ]);
    await created(body.cart_id, order?.id ?? newId('order'), [{ product_id: product, quantity: 2 }]);
    expect((await show(buyer)).items).toMatchObject([{ product_id: late, quantity: 1 }]);
    const again = await checkOut(buyer, key);
    expect([again.status, again.body.id]).toEqual([201, order?.id]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await show(buyer)).items).toMatchObject([{ product_id: late, quantity: 1 }]);
    expect(await eventsOf(body.cart_id)).toMatchObject([{ data: { order_id: order?.id } }]);
  });

  test('comes while another key holds the cart with an outcome that nobody knows: that key makes no second order', async () => {
    const buyer = await shop.addBuyer();
    const product = shop.addProduct();
    const { body } = await add(buyer, product);
    const [key, other] = [randomUUID(), randomUUID()];
    shop.neighbours.orders.mode = 'lose';
    await checkOut(buyer, key);
    await endHold(body.cart_id);
    shop.neighbours.orders.mode = 'fail';
    expect((await checkOut(buyer, other)).status).toBe(503);
    const order = shop.neighbours.orders.orders.get(key);
    await created(body.cart_id, order?.id ?? newId('order'), [{ product_id: product, quantity: 1 }]);
    const claims = await shop.world.db.read(
      shop.tenant.id,
      (tx) => tx.sql`select key from checkouts where cart_id = ${body.cart_id} and order_id is not null`,
    );
    expect([...claims]).toEqual([]);
    shop.neighbours.orders.mode = 'answer';
    expect((await checkOut(buyer, other)).body.code).toBe('cart_checked_out');
    expect((await checkOut(buyer, key)).body.id).toBe(order?.id);
    expect(shop.neighbours.orders.orders.has(other)).toBe(false);
  });

  test('races the answer: one of them closes the cart', async () => {
    const buyer = await shop.addBuyer();
    const product = shop.addProduct();
    const { body } = await add(buyer, product);
    const key = randomUUID();
    shop.neighbours.orders.before = async () => {};
    const [answer] = await Promise.all([
      checkOut(buyer, key),
      eventually(async () => {
        const order = shop.neighbours.orders.orders.get(key);
        if (order === undefined) throw new Error('not placed yet');
        await created(body.cart_id, order.id, [{ product_id: product, quantity: 1 }]);
      }),
    ]);
    expect(answer.status).toBe(201);
    expect(await eventsOf(body.cart_id)).toMatchObject([{ data: { order_id: answer.body.id } }]);
  });

  test('of an order from nowhere, or from a cart that is gone, does nothing', async () => {
    await created(null, newId('order'), []);
    const cartId = newId('cart');
    await created(cartId, newId('order'), []);
    expect(await eventsOf(cartId)).toEqual([]);
  });
});

test('the handlers are those of the call graph', () => {
  const types = (events: readonly { type: string }[]) => events.map(({ type }) => type).toSorted();
  expect(types(handlers(createOwnCheckouts()).map(({ event }) => event))).toEqual(types(HANDLES.cart));
});

test('purging takes anonymous and closed carts that nobody touched, and no others', async () => {
  const buyer = await shop.addBuyer();
  await add(buyer, shop.addProduct());
  const old = randomUUID();
  await checkOut(buyer, old);
  await add(buyer, shop.addProduct());
  const anonymous = await shop.request('POST', '/cart/items', {
    headers: shop.anonymous,
    body: { product_id: shop.addProduct() },
  });
  const fresh = await shop.request('POST', '/cart/items', {
    headers: shop.anonymous,
    body: { product_id: shop.addProduct() },
  });
  const idsOf = async () => {
    const rows = await shop.world.db.read(
      shop.tenant.id,
      (tx) => tx.sql<{ id: string; kept: boolean }[]>`
      select id, status = 'open' and user_id is not null as kept from carts`,
    );
    return new Map(rows.map(({ id, kept }) => [id, kept]));
  };
  await shop.world.db.transact(
    shop.tenant.id,
    (tx) => tx.sql`
    update carts set created_at = now() - interval '31 days', updated_at = now() - interval '31 days'
    where id <> ${fresh.body.cart_id}`,
  );
  const keys = () =>
    shop.world.db.read(shop.tenant.id, (tx) => tx.sql<{ key: string }[]>`select key from checkouts`);
  expect((await keys()).map(({ key }) => key)).toContain(old);
  await shop.world.db.transact(
    shop.tenant.id,
    (tx) => tx.sql`update checkouts set created_at = now() - interval '31 days' where key = ${old}`,
  );
  const before = await idsOf();
  await purgeCheckouts(shop.world.db, 30);
  await purgeCarts(shop.world.db, 30);
  const after = await idsOf();
  expect((await keys()).map(({ key }) => key)).not.toContain(old);
  expect(before.has(anonymous.body.cart_id)).toBe(true);
  const expected = [...before].filter(([id, kept]) => kept || id === fresh.body.cart_id);
  expect(after).toEqual(new Map(expected));
  const orphans = await shop.world.db.read(
    shop.tenant.id,
    (tx) => tx.sql`
    select 1 from cart_items i where not exists (select from carts c where c.id = i.cart_id)`,
  );
  expect(orphans).toHaveLength(0);
});
