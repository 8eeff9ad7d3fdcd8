import { newId } from '@zoco/kernel';
import { SERVICE_TOKEN_HEADER } from '@zoco/service';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addCustomer } from '../fixtures/neighbours.ts';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';

let shop: Shop;
let buyer: { userId: string; headers: Record<string, string> };
let staff: { userId: string; headers: Record<string, string> };
beforeAll(async () => {
  shop = await openShop();
  [buyer, staff] = await Promise.all([shop.addBuyer(), shop.addStaff()]);
});
afterAll(() => shop[Symbol.asyncDispose]());

describe('POST /api/v1/orchestrator/create-and-confirm-order', () => {
  const path = '/api/v1/orchestrator/create-and-confirm-order';
  const send = (body: unknown, headers = staff.headers) => shop.request('POST', path, { headers, body });
  const bodyFor = (overrides: Record<string, unknown> = {}) => ({
    customer_id: addCustomer(shop.neighbours.users, { payment_terms_days: 45 }).id,
    items: [{ product_id: shop.addProduct({ stock: 5 }).id, qty: 3 }],
    idempotency_key: uniqueKey(),
    correlation_id: 'req-12345',
    ...overrides,
  });

  test('creates and confirms in one transaction, and answers the same again', async () => {
    const body = bodyFor();
    const first = await send(body);
    expect(first).toMatchObject({
      status: 201,
      body: {
        success: true,
        correlation_id: 'req-12345',
        data: {
          customer: { id: body.customer_id, name: 'ACME Corporation' },
          order: { status: 'confirmed', payment_method: 'on_account', version: 3, items: [{ quantity: 3 }] },
        },
      },
    });
    const { order } = first.body.data;
    expect(first.headers.get('location')).toBe(`/api/v1/orders/${order.id}`);
    const again = await send({ ...body, correlation_id: 'another' });
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      first.text,
      'true',
    ]);
    const events = await shop.eventsOf(order.id);
    expect(events.map(({ type, version }) => [type, version])).toEqual([
      ['order.created', 2],
      ['order.confirmed', 3],
    ]);
    expect(events[1]?.data).toMatchObject({ payment_terms_days: 45, confirmed_at: order.confirmed_at });
    const read = await shop.request('GET', `/api/v1/orders/${order.id}`, { headers: staff.headers });
    expect(read.body).toEqual(order);
  });

  test('a crash before the commit: the sweeper creates and confirms it', async () => {
    const body = bodyFor();
    shop.failpoint = (name) => {
      if (name === 'before-created-commit') throw new Error('crash');
    };
    expect((await send(body)).status).toBe(500);
    shop.failpoint = () => {};
    const [pending] = await shop.world.db.read(
      shop.tenant.id,
      (tx) => tx.sql<{ id: string }[]>`select id from orders where customer_id = ${body.customer_id}`,
    );
    await shop.backdate(pending?.id ?? '');
    await shop.sweep();
    expect((await shop.getOrder(pending?.id ?? '')).status).toBe('confirmed');
    const answer = await send(body);
    expect(answer.body.data.order).toMatchObject({ id: pending?.id, status: 'confirmed' });
  });

  test('an API key with the scope may order for customers', async () => {
    const userId = 'key_01jqb3k5xwf7kt3qk5v1y6zj3m';
    const key = await shop.world.bearer({
      tenantId: shop.tenant.id,
      roles: ['staff'],
      userId,
      scope: 'orders:write',
    });
    expect((await send(bodyFor(), key)).status).toBe(201);
  });

  test('refusals: stock 409, customer 404, fields 422, buyers 403, nobody 401', async () => {
    const scarce = await send(
      bodyFor({ items: [{ product_id: shop.addProduct({ stock: 1 }).id, quantity: 2 }] }),
    );
    expect([scarce.status, scarce.body.code]).toEqual([409, 'stock_insufficient']);
    const unknown = await send(bodyFor({ customer_id: 'cus_01jqb3k5xwf7kt3qk5v1y6zj3m' }));
    expect([unknown.status, unknown.body.code]).toEqual([404, 'customer_not_found']);
    for (const wrong of [
      { idempotency_key: 'short' },
      { items: [{ product_id: 'x', qty: 1, quantity: 1 }] },
      { items: [{ product_id: 'x' }] },
      { payment_method: 'card' },
    ]) {
      expect((await send(bodyFor(wrong))).status).toBe(422);
    }
    const body = bodyFor();
    expect((await send({ ...body, items: body.items.map((one) => ({ ...one, qty: 1 })) })).status).toBe(201);
    expect((await send(body)).body.code).toBe('idempotency_key_reused');
    expect((await send(bodyFor(), buyer.headers)).body.code).toBe('role_missing');
    expect((await send(bodyFor(), { 'x-tenant': shop.tenant.id })).body.code).toBe('token_missing');
  });
});

async function asService(name: 'cart' | 'catalog' | 'payments'): Promise<Record<string, string>> {
  const identity = await shop.world.tokens.identity(name);
  return { [SERVICE_TOKEN_HEADER]: await identity.tokenFor('orders') };
}

describe('POST /internal/orders', () => {
  const bodyFor = () => ({
    cart_id: newId('cart'),
    items: [{ product_id: shop.addProduct().id, quantity: 1 }],
    payment_method: 'card',
    payment_token: 'pm_card_visa',
  });
  const send = async (headers: Record<string, string>, body: unknown = bodyFor()) =>
    shop.request('POST', '/internal/orders', {
      headers: { 'x-tenant': shop.tenant.id, 'idempotency-key': uniqueKey(), ...headers },
      body,
    });

  test('places the order of the buyer whose token comes along, and names the cart', async () => {
    const body = bodyFor();
    const answer = await send({ ...(await asService('cart')), ...buyer.headers }, body);
    expect(answer).toMatchObject({ status: 201, body: { user_id: buyer.userId, status: 'created' } });
    const [created] = await shop.eventsOf(answer.body.id);
    expect(created?.data.cart_id).toBe(body.cart_id);
  });

  test('401 without either token, 403 for other services, and for a buyer of another shop', async () => {
    expect((await send(buyer.headers)).body.code).toBe('service_token_missing');
    expect((await send(await asService('cart'))).body.code).toBe('token_missing');
    const other = await send({ ...(await asService('payments')), ...buyer.headers });
    expect([other.status, other.body.code]).toEqual([403, 'caller_not_allowed']);
    const stranger = await shop.addBuyer(shop.world.addTenant());
    const foreign = await send({ ...(await asService('cart')), ...stranger.headers });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'tenant_mismatch']);
  });

  test('a key of the cart is none of the public route', async () => {
    const key = { 'idempotency-key': uniqueKey() };
    const body = bodyFor();
    const inside = await send({ ...(await asService('cart')), ...buyer.headers, ...key }, body);
    const { cart_id: _cart, ...rest } = body;
    const outside = await shop.request('POST', '/api/v1/orders', {
      headers: { ...buyer.headers, ...key },
      body: rest,
    });
    expect([inside.status, outside.status]).toEqual([201, 201]);
    expect(outside.body.id).not.toBe(inside.body.id);
  });
});

describe('GET /internal/orders/{id}/state', () => {
  const get = async (id: string, caller: 'catalog' | 'cart' = 'catalog', tenant = shop.tenant.id) =>
    shop.request('GET', `/internal/orders/${id}/state`, {
      headers: { ...(await asService(caller)), 'x-tenant': tenant },
    });

  test('tells the catalog what became of an order of that tenant', async () => {
    const items = [{ product_id: shop.addProduct().id, quantity: 1 }];
    const { id } = await shop.place(buyer.headers, { items });
    expect(await get(id)).toMatchObject({ status: 200, body: { order_id: id, status: 'created' } });
    expect((await get(id, 'catalog', shop.world.addTenant().id)).body.code).toBe('order_not_found');
    expect((await get('ord_01jqb3k5xwf7kt3qk5v1y6zj3m')).body.code).toBe('order_not_found');
  });

  test('403 for others, 400 without a tenant', async () => {
    expect((await get('ord_01jqb3k5xwf7kt3qk5v1y6zj3m', 'cart')).body.code).toBe('caller_not_allowed');
    const bare = await shop.request('GET', '/internal/orders/x/state', {
      headers: await asService('catalog'),
    });
    expect([bare.status, bare.body.code]).toEqual([400, 'tenant_missing']);
  });
});
