import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addCustomer } from '../fixtures/neighbours.ts';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';
import { createOrderNumbers } from './order-numbers.ts';

let shop: Shop;
let buyer: Awaited<ReturnType<Shop['addBuyer']>>;
let staff: Awaited<ReturnType<Shop['addStaff']>>;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.addStaff();
});
beforeEach(async () => {
  buyer = await shop.addBuyer();
});
afterAll(() => shop[Symbol.asyncDispose]());

const ADDRESS = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };
const bodyFor = (productId: string, quantity = 1) => ({
  items: [{ product_id: productId, quantity }],
  payment_method: 'card',
  payment_token: 'pm_card_visa',
  shipping_address: ADDRESS,
});
const post = (body: unknown, headers: Record<string, string> = {}) =>
  shop.request('POST', '/api/v1/orders', {
    headers: { ...buyer.headers, 'idempotency-key': uniqueKey(), ...headers },
    body,
  });

describe('POST /api/v1/orders', () => {
  test('creates the order at the prices of the catalog, with one event that holds everything', async () => {
    const product = shop.addProduct({ stock: 5 });
    const answer = await post(bodyFor(product.id, 2));
    expect(answer.status).toBe(201);
    const { body } = answer;
    expect(body).toMatchObject({
      tenant_id: shop.tenant.id,
      user_id: buyer.userId,
      customer_id: null,
      status: 'created',
      payment_status: 'pending',
      payment_method: 'card',
      currency: 'EUR',
      items: [
        { product_id: product.id, quantity: 2, unit_price_cents: 1299, subtotal_cents: 2598, tax_cents: 100 },
      ],
      subtotal_cents: 2598,
      tax_cents: 113,
      shipping_cents: 350,
      total_cents: 2948,
      shipping_address: ADDRESS,
      version: 2,
    });
    expect(body.number).toMatch(/^20\d\d-\d{6}$/);
    const minutes = (Date.parse(body.expires_at) - Date.parse(body.created_at)) / 60_000;
    expect(minutes).toBe(shop.tenant.reservation_minutes);
    expect(product.stock).toBe(3);
    const events = await shop.eventsOf(body.id);
    expect(events).toMatchObject([
      {
        type: 'order.created',
        version: 2,
        data: {
          order_id: body.id,
          number: body.number,
          buyer_email: 'ana@example.com',
          buyer_name: 'Ana García',
          total_cents: 2948,
          shipping_tax_cents: 13,
          shipping_tax_rate_bps: 400,
          payment_token: 'pm_card_visa',
          expires_at: body.expires_at,
          cart_id: null,
        },
      },
    ]);
    expect(await shop.transitionsOf(body.id)).toMatchObject([
      { version: 1, from_status: null, to_status: 'pending' },
      { version: 2, from_status: 'pending', to_status: 'created' },
    ]);
  });

  test('what is answered is what a later read shows', async () => {
    const { body } = await post(bodyFor(shop.addProduct().id, 3));
    const read = await shop.request('GET', `/api/v1/orders/${body.id}`, { headers: buyer.headers });
    expect(read.body).toEqual(body);
  });

  test('lines of one product are added up, and keep the order of the request', async () => {
    const [first, second] = [shop.addProduct(), shop.addProduct({ price: 500 })];
    const items = [
      { product_id: second.id, quantity: 1 },
      { product_id: first.id, quantity: 1 },
      { product_id: second.id, quantity: 2 },
    ];
    const { body } = await post({ items, payment_method: 'card' });
    expect(body.items).toMatchObject([
      { product_id: second.id, quantity: 3 },
      { product_id: first.id, quantity: 1 },
    ]);
  });

  test('staff orders for a customer, on account and without an end', async () => {
    const customer = addCustomer(shop.neighbours.users, { payment_terms_days: 45 });
    const body = { ...bodyFor(shop.addProduct().id), customer_id: customer.id, payment_method: 'on_account' };
    const answer = await post({ ...body, payment_token: undefined }, staff.headers);
    expect(answer).toMatchObject({
      status: 201,
      body: { user_id: null, customer_id: customer.id, payment_method: 'on_account', expires_at: null },
    });
    const [created] = await shop.eventsOf(answer.body.id);
    expect(created?.data).toMatchObject({ customer, user_id: null, buyer_email: customer.email });
  });

  test('a transfer may take days', async () => {
    const { body } = await post({
      ...bodyFor(shop.addProduct().id),
      payment_method: 'transfer',
      payment_token: undefined,
    });
    expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(7 * 86_400_000);
  });

  test.each([
    ['no token', {}, {}, 401, 'token_missing'],
    ['another tenant', { 'x-tenant': 'acme' }, {}, 403, 'tenant_mismatch'],
    [
      'a customer of a buyer',
      {},
      { customer_id: 'cus_01jqb3k5xwf7kt3qk5v1y6zj3m' },
      403,
      'order_customer_forbidden',
    ],
    ['no key', { 'idempotency-key': '' }, {}, 400, 'idempotency_key_invalid'],
    ['a short key', { 'idempotency-key': 'short' }, {}, 400, 'idempotency_key_invalid'],
    ['an unknown field', {}, { total_cents: 1 }, 422, 'request_invalid'],
    [
      'a price',
      {},
      { items: [{ product_id: 'prd', quantity: 1, unit_price_cents: 1 }] },
      422,
      'request_invalid',
    ],
    ['no items', {}, { items: [] }, 422, 'request_invalid'],
    ['half a unit', {}, { items: [{ product_id: 'prd', quantity: 0.5 }] }, 422, 'request_invalid'],
    ['fewer than one unit', {}, { items: [{ product_id: 'prd', quantity: 0 }] }, 422, 'request_invalid'],
    [
      'an account that a buyer does not have',
      {},
      { payment_method: 'on_account', payment_token: undefined },
      422,
      'request_invalid',
    ],
    ['a customer that cannot be', {}, { customer_id: 'nobody' }, 404, 'customer_not_found'],
  ])('refuses %s and writes nothing', async (name, headers, overrides, status, code) => {
    const before = await countOrders();
    const product = shop.addProduct();
    const who = name === 'a customer that cannot be' ? staff.headers : buyer.headers;
    const answer = await shop.request('POST', '/api/v1/orders', {
      headers: {
        ...(name === 'no token' ? { 'x-tenant': shop.tenant.id } : who),
        'idempotency-key': uniqueKey(),
        ...headers,
      },
      body: { ...bodyFor(product.id), ...overrides },
    });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await countOrders()).toBe(before);
    expect(product.stock).toBe(1000);
  });

  test('needs a key', async () => {
    const answer = await shop.request('POST', '/api/v1/orders', {
      headers: buyer.headers,
      body: bodyFor(shop.addProduct().id),
    });
    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency_key_required']);
  });

  test.each([
    ['too little stock', () => bodyFor(shop.addProduct({ stock: 1 }).id, 2), 409, 'stock_insufficient'],
    [
      'a product that is not there',
      () => bodyFor('prd_01jqb3k5xwf7kt3qk5v1y6zj3m'),
      404,
      'product_not_found',
    ],
    [
      'a product in another currency',
      () => bodyFor(shop.addProduct({ currency: 'USD' }).id),
      409,
      'order_currency_mixed',
    ],
    [
      'more than money holds',
      () => bodyFor(shop.addProduct({ price: 1e11, stock: 100 }).id, 11),
      409,
      'order_total_too_large',
    ],
  ])('%s rejects the order for good and holds nothing', async (_name, body, status, code) => {
    const key = { 'idempotency-key': uniqueKey() };
    const given = body();
    const answer = await post(given, key);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const again = await post(given, key);
    expect([again.status, again.text]).toEqual([status, answer.text]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const [order] = await ordersOf(buyer.userId);
    expect(order).toMatchObject({ status: 'rejected', reason: code });
    expect(await shop.eventsOf(order?.id ?? '')).toMatchObject([
      { type: 'order.rejected', version: 2, data: { reason: code } },
    ]);
    expect(shop.neighbours.catalog.reservations.get(order?.id ?? '')?.state).toBe('released');
  });

  test('what catalog says of its lines is said of the items', async () => {
    const items = [shop.addProduct(), shop.addProduct({ stock: 1 })].map(({ id }) => ({
      product_id: id,
      quantity: 2,
    }));
    const { body } = await post({ ...bodyFor(''), items });
    expect(body.errors).toMatchObject([{ field: 'items.1.quantity', code: 'stock_insufficient' }]);
  });

  test.each([
    ['payment_token', { payment_token: '4242424242424242' }],
    ['payment_token', { payment_token: 'a'.repeat(200_000) }],
    ['shipping_address.country', { shipping_address: { ...ADDRESS, country: 'ZZ' } }],
    ['shipping_address.line2', { shipping_address: { ...ADDRESS, line2: 'card 4242 4242 4242 4242' } }],
  ])(
    'a card number, a country that is none and a text without end are refused: %s',
    async (field, change) => {
      const { status, body } = await post({ ...bodyFor(shop.addProduct().id), ...change });
      expect([status, body.errors[0]]).toMatchObject([422, { field }]);
      expect(JSON.stringify(body)).not.toContain('4242');
    },
  );

  test('a customer that is gone rejects the order, although stock was there', async () => {
    const product = shop.addProduct({ stock: 3 });
    const body = { ...bodyFor(product.id), customer_id: 'cus_01jqb3k5xwf7kt3qk5v1y6zj3m' };
    const answer = await post(body, staff.headers);
    expect([answer.status, answer.body.code]).toEqual([404, 'customer_not_found']);
    expect(product.stock).toBe(3);
  });

  test('a buyer cannot hold the whole shop with orders that nobody pays', async () => {
    await using small = await openShop({ ORDERS_OPEN_MAX: 2 });
    const { headers } = await small.addBuyer();
    const items = [{ product_id: small.addProduct().id, quantity: 1 }];
    const key = uniqueKey();
    const order = (idempotencyKey = uniqueKey()) =>
      small.request('POST', '/api/v1/orders', {
        headers: { ...headers, 'idempotency-key': idempotencyKey },
        body: { items, payment_method: 'card' },
      });
    const first = await order(key);
    expect((await order()).status).toBe(201);
    const third = await order();
    expect([third.status, third.body.code]).toEqual([409, 'order_open_limit']);
    expect((await order(key)).text).toBe(first.text);
    await small.request('POST', `/api/v1/orders/${first.body.id}/cancel`, { headers });
    expect((await order()).status).toBe(201);
  });

  test('numbers are one by one where orders come one by one; a retry takes none', async () => {
    const tenant = shop.world.addTenant();
    const { headers } = await shop.addBuyer(tenant);
    const body = { items: [{ product_id: shop.addProduct().id, quantity: 1 }], payment_method: 'card' };
    const year = new Intl.DateTimeFormat('en', { timeZone: tenant.time_zone, year: 'numeric' }).format();
    for (const expected of ['000001', '000002', '000003']) {
      const keyed = { headers: { ...headers, 'idempotency-key': uniqueKey() }, body };
      const first = await shop.request('POST', '/api/v1/orders', keyed);
      expect(first.body.number).toBe(`${year}-${expected}`);
      expect((await shop.request('POST', '/api/v1/orders', keyed)).body.number).toBe(first.body.number);
    }
  });

  test('racing buyers and replicas never share a number, and a new year begins at one', async () => {
    const tenant = shop.world.addTenant();
    const [one, other] = [createOrderNumbers(shop.world.db), createOrderNumbers(shop.world.db)];
    const now = new Date('2026-12-31T22:30:00Z');
    const taken = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? one : other).next(tenant, now)),
    );
    expect(new Set(taken).size).toBe(200);
    // Half an hour later it is 2027 in Madrid.
    expect(await one.next(tenant, new Date('2026-12-31T23:30:00Z'))).toBe('2027-000001');
  });
});

describe('the reference of a customer', () => {
  const orderFor = (customerId: string, overrides: Record<string, unknown> = {}) => ({
    customer_id: customerId,
    reference: 'PO-2026-0117',
    items: [{ product_id: shop.addProduct().id, quantity: 1 }],
    payment_method: 'on_account',
    ...overrides,
  });
  const newCustomer = () => addCustomer(shop.neighbours.users).id;
  const machine = () =>
    shop.world.bearer({
      tenantId: shop.tenant.id,
      roles: ['staff'],
      userId: 'key_01jqb3k5xwf7kt3qk5v1y6zj3m',
      scope: 'orders:write',
    });

  test('is shown; another login that sends it is told which order has it, and nothing is reserved', async () => {
    const product = shop.addProduct({ stock: 5 });
    const body = orderFor(newCustomer(), { items: [{ product_id: product.id, quantity: 2 }] });
    const key = { 'idempotency-key': uniqueKey() };
    const first = await post(body, { ...staff.headers, ...key });
    expect(first).toMatchObject({ status: 201, body: { reference: 'PO-2026-0117' } });
    const read = await shop.request('GET', `/api/v1/orders/${first.body.id}`, { headers: staff.headers });
    expect(read.body).toEqual(first.body);
    for (const other of [await machine(), staff.headers]) {
      const second = await post({ ...body, reference: ' PO-2026-0117 ' }, other);
      expect([second.status, second.body.code, second.body.order_id]).toEqual([
        409,
        'order_reference_taken',
        first.body.id,
      ]);
      expect(second.headers.get('location')).toBe(`/api/v1/orders/${first.body.id}`);
    }
    expect(product.stock).toBe(3);
    expect((await post(body, { ...staff.headers, ...key })).text).toBe(first.text);
  });

  test('two logins that race: one order, and everyone else is told of it', async () => {
    const product = shop.addProduct({ stock: 5 });
    const body = orderFor(newCustomer(), { items: [{ product_id: product.id, quantity: 1 }] });
    const other = await machine();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => post(body, index % 2 === 0 ? staff.headers : other)),
    );
    const [placed, ...twice] = answers.filter(({ status }) => status === 201);
    expect(twice).toEqual([]);
    const refused = answers.filter((answer) => answer !== placed).map((one) => one.body);
    expect(refused.map(({ code, order_id }) => [code, order_id])).toEqual(
      refused.map(() => ['order_reference_taken', placed?.body.id]),
    );
    expect(product.stock).toBe(4);
  });

  test('an order that is still pending is named, too', async () => {
    const body = orderFor(newCustomer());
    const key = { 'idempotency-key': uniqueKey() };
    shop.neighbours.catalog.mode = 'lose';
    expect((await post(body, { ...staff.headers, ...key })).status).toBe(503);
    shop.neighbours.catalog.mode = 'answer';
    const other = await post(body, await machine());
    const first = await post(body, { ...staff.headers, ...key });
    expect([other.body.code, other.body.order_id]).toEqual(['order_reference_taken', first.body.id]);
  });

  test('stays with a canceled order, and is free again after one that was refused', async () => {
    const scarce = [{ product_id: shop.addProduct({ stock: 1 }).id, quantity: 2 }];
    const body = orderFor(newCustomer());
    expect((await post({ ...body, items: scarce }, staff.headers)).body.code).toBe('stock_insufficient');
    const first = await post(body, staff.headers);
    expect(first.status).toBe(201);
    await shop.request('POST', `/api/v1/orders/${first.body.id}/cancel`, { headers: staff.headers });
    expect((await post(body, staff.headers)).body.order_id).toBe(first.body.id);
  });

  test('is the customer’s own, as long as 64 characters, and nothing without a customer', async () => {
    const [one, other] = [newCustomer(), newCustomer()];
    const longest = 'x'.repeat(64);
    for (const body of [
      orderFor(one),
      orderFor(other),
      orderFor(one, { reference: longest }),
      orderFor(one, { reference: undefined }),
      orderFor(one, { reference: undefined }),
    ]) {
      expect((await post(body, staff.headers)).status).toBe(201);
    }
    for (const body of [
      orderFor(one, { reference: `${longest}x` }),
      orderFor(one, { reference: ' ' }),
      { ...bodyFor(shop.addProduct().id), reference: 'PO-2026-0117' },
    ]) {
      const answer = await post(body, staff.headers);
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'reference']);
    }
  });
});

async function countOrders(): Promise<number> {
  const [row] = await shop.world.db.read(
    shop.tenant.id,
    (tx) => tx.sql<{ count: number }[]>`select count(*)::int as count from orders`,
  );
  return row?.count ?? 0;
}

const ordersOf = (userId: string) =>
  shop.world.db.read(
    shop.tenant.id,
    (tx) => tx.sql<{ id: string; status: string; reason: string }[]>`
      select id, status, reason from orders where user_id = ${userId}`,
  );
