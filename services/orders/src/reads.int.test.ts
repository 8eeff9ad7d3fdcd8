import { paymentSucceeded } from '@zoco/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addCustomer } from '../fixtures/neighbours.ts';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';

let shop: Shop;
let buyer: { userId: string; headers: Record<string, string> };
let staff: { userId: string; headers: Record<string, string> };
beforeAll(async () => {
  shop = await openShop({ ORDERS_OPEN_MAX: 1000 });
  [buyer, staff] = await Promise.all([shop.addBuyer(), shop.addStaff()]);
});
afterAll(() => shop[Symbol.asyncDispose]());

const MISSING = 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m';
const items = () => [{ product_id: shop.addProduct().id, quantity: 1 }];
const get = (path: string, headers = buyer.headers) => shop.request('GET', `/api/v1${path}`, { headers });
const pay = (order: { id: string; total_cents: number }) =>
  shop.deliver(paymentSucceeded, {
    payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
    order_id: order.id,
    amount_cents: order.total_cents,
    currency: 'EUR',
    method: 'card',
    succeeded_at: '2026-11-22T10:15:01.000Z',
  });
const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);

describe.each(['', '/history', '/events'])('GET /api/v1/orders/{id}%s refuses', (suffix) => {
  test('401 without a token', async () => {
    const { id } = await shop.place(buyer.headers, { items: items() });
    const answer = await get(`/orders/${id}${suffix}`, { 'x-tenant': shop.tenant.id });
    expect([answer.status, answer.body.code]).toEqual([401, 'token_missing']);
  });

  test('404 alike for missing, impossible, and of another buyer or shop', async () => {
    const { id } = await shop.place(buyer.headers, { items: items() });
    const [neighbour, stranger] = [await shop.addBuyer(), await shop.addStaff(shop.world.addTenant())];
    const answers = await Promise.all([
      get(`/orders/${MISSING}${suffix}`),
      get(`/orders/nonsense${suffix}`),
      get(`/orders/${id}${suffix}`, neighbour.headers),
      get(`/orders/${id}${suffix}`, stranger.headers),
    ]);
    for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'order_not_found']);
  });
});

test('staff sees the orders of every buyer of the shop', async () => {
  const order = await shop.place(buyer.headers, { items: items() });
  expect((await get(`/orders/${order.id}`, staff.headers)).body).toEqual(order);
});

describe('GET /api/v1/orders/{id}/history', () => {
  test('tells every version; a buyer does not learn which person of the shop did it', async () => {
    const order = await shop.place(buyer.headers, { items: items() });
    await pay(order);
    await shop.request('POST', `/api/v1/orders/${order.id}/ship`, { headers: staff.headers });
    const { body } = await get(`/orders/${order.id}/history`);
    expect(body.data).toMatchObject([
      { version: 1, from_status: null, to_status: 'pending', changed_by: buyer.userId },
      { version: 2, from_status: 'pending', to_status: 'created', changed_by: buyer.userId },
      { version: 3, to_status: 'confirmed', payment_status: 'paid', changed_by: 'payments' },
      { version: 4, to_status: 'shipped', changed_by: 'staff' },
    ]);
    const seenByStaff = await get(`/orders/${order.id}/history`, staff.headers);
    expect(seenByStaff.body.data[3].changed_by).toBe(staff.userId);
  });
});

describe('GET /api/v1/orders', () => {
  test('a walk by cursor sees each order once, also while others are placed', async () => {
    const reader = await shop.addBuyer();
    const placed: string[] = [];
    for (let n = 0; n < 7; n += 1) placed.push((await shop.place(reader.headers, { items: items() })).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await get(`/orders?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`, reader.headers);
      seen.push(...idsOf(page.body));
      cursor = page.body.next_cursor;
      if (seen.length === 2) await shop.place(reader.headers, { items: items() });
    } while (cursor !== null);
    expect(seen).toEqual(placed.toReversed());
  });

  test('buyers see their own, staff all; filters by status, customer and time', async () => {
    const tenant = shop.world.addTenant({ time_zone: 'America/Bogota' });
    const [one, other, clerk] = [
      await shop.addBuyer(tenant),
      await shop.addBuyer(tenant),
      await shop.addStaff(tenant),
    ];
    const customer = addCustomer(shop.neighbours.users);
    const mine = await shop.place(one.headers, { items: items() });
    const theirs = await shop.place(other.headers, { items: items() });
    const b2b = await shop.place(clerk.headers, {
      items: items(),
      customer_id: customer.id,
      payment_method: 'on_account',
    });
    await shop.request('POST', `/api/v1/orders/${mine.id}/cancel`, { headers: one.headers });
    const list = async (query: string, headers = clerk.headers) =>
      idsOf((await get(`/orders?${query}`, headers)).body);
    expect(await list('', one.headers)).toEqual([mine.id]);
    expect(await list(`customer_id=${customer.id}`, one.headers)).toEqual([]);
    expect(await list('')).toEqual([b2b.id, theirs.id, mine.id]);
    expect(await list('status=canceled')).toEqual([mine.id]);
    expect(await list('status=created')).toEqual([b2b.id, theirs.id]);
    expect(await list(`customer_id=${customer.id}`)).toEqual([b2b.id]);
    // Days are those of the shop: where it is five hours earlier, an order at 02:00 UTC is of the day before.
    const bogotaDay = (text: string) =>
      new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Bogota' }).format(new Date(text));
    const today = bogotaDay(mine.created_at);
    expect(await list(`from=${today}&to=${bogotaDay(b2b.created_at)}`)).toHaveLength(3);
    expect(
      await list(`to=${bogotaDay(new Date(Date.parse(mine.created_at) - 86_400_000).toISOString())}`),
    ).toEqual([]);
    expect(await list(`from=${encodeURIComponent(b2b.created_at)}`)).toEqual([b2b.id]);
    expect(await list(`to=${encodeURIComponent(theirs.created_at)}`)).toEqual([mine.id]);
  });

  test.each([
    ['an unknown status', 'status=paid', 'status'],
    ['a day that is none', 'from=2026-02-30', 'from'],
    ['a day before all calendars', 'from=0000-01-01', 'from'],
    ['a moment after all calendars', 'to=9999-12-31T23:59:59-15:00', 'to'],
    ['a moment of very many digits', `from=2026-11-01T00:00:00.${'0'.repeat(200)}Z`, 'from'],
    ['a limit of none', 'limit=0', 'limit'],
    ['an unknown parameter', 'state=created', 'state'],
    ['a cursor of nothing', 'cursor=AAAA', 'cursor'],
  ])('422 for %s', async (_name, query, field) => {
    const { status, body } = await get(`/orders?${query}`);
    expect([status, body.errors[0].field]).toEqual([422, field]);
  });

  test('a moment may stand in a time zone that Postgres does not know', async () => {
    const { headers } = await shop.addBuyer();
    const { id } = await shop.place(headers, { items: items() });
    const list = async (query: string) => {
      const { status, body } = await get(`/orders?${query}`, headers);
      return [status, idsOf(body)];
    };
    expect(await list('from=2026-01-01T00:00:00%2B20:00&to=9999-12-31')).toEqual([200, [id]]);
    expect(await list('to=2026-01-01T00:00:00-23:59')).toEqual([200, []]);
  });

  test('a cursor of another list is refused, and one that was tampered with', async () => {
    const reader = await shop.addBuyer();
    for (let n = 0; n < 2; n += 1) await shop.place(reader.headers, { items: items() });
    const { body } = await get('/orders?limit=1', reader.headers);
    const elsewhere = await get(`/orders?limit=1&status=created&cursor=${body.next_cursor}`, reader.headers);
    expect([elsewhere.status, elsewhere.body.code]).toEqual([422, 'cursor_invalid']);
    const text = Buffer.from(body.next_cursor, 'base64url').toString();
    const tampered = [text.replace(/\d{4}-/, '0000-'), text.replace('Z', `${'0'.repeat(200)}Z`)];
    for (const one of tampered) {
      const cursor = Buffer.from(one).toString('base64url');
      const broken = await get(`/orders?limit=1&cursor=${cursor}`, reader.headers);
      expect([broken.status, broken.body.code]).toEqual([422, 'cursor_invalid']);
    }
  });

  test('401 without a token, 403 for an API key without the scope', async () => {
    expect((await get('/orders', { 'x-tenant': shop.tenant.id })).status).toBe(401);
    const key = await shop.world.bearer({
      tenantId: shop.tenant.id,
      roles: ['staff'],
      scope: 'products:read',
    });
    const answer = await get('/orders', key);
    expect([answer.status, answer.body.code]).toEqual([403, 'scope_missing']);
  });
});

test.each(['/orders', '/purchases'])('a page of %s ends early after orders of many lines', async (path) => {
  const reader = await shop.addBuyer();
  const small = await shop.place(reader.headers, { items: items() });
  const many = Array.from({ length: 1000 }, items).flat();
  const large = await shop.place(reader.headers, { items: many });
  const newest = await shop.place(reader.headers, { items: items() });
  const first = await get(`${path}?limit=100`, reader.headers);
  expect(idsOf(first.body)).toEqual([newest.id, large.id]);
  expect(first.body.data[1].items).toHaveLength(1000);
  const second = await get(`${path}?limit=100&cursor=${first.body.next_cursor}`, reader.headers);
  expect(second.body).toMatchObject({ data: [{ id: small.id }], next_cursor: null });
});

describe('GET /api/v1/purchases', () => {
  test('own orders only, without those that never came about; staff too sees only its own', async () => {
    const reader = await shop.addBuyer();
    const order = await shop.place(reader.headers, { items: items() });
    const rejected = await shop.request('POST', '/api/v1/orders', {
      headers: { ...reader.headers, 'idempotency-key': uniqueKey() },
      body: {
        items: [{ product_id: shop.addProduct({ stock: 0 }).id, quantity: 1 }],
        payment_method: 'card',
      },
    });
    expect(rejected.status).toBe(409);
    expect(idsOf((await get('/purchases', reader.headers)).body)).toEqual([order.id]);
    expect(idsOf((await get('/purchases', staff.headers)).body)).not.toContain(order.id);
    expect((await get('/purchases', { 'x-tenant': shop.tenant.id })).status).toBe(401);
    expect((await get('/purchases?status=created', reader.headers)).status).toBe(422);
  });
});

describe('GET /api/v1/purchases/analytics/summary', () => {
  test('counts what was bought: confirmed and not canceled', async () => {
    const reader = await shop.addBuyer();
    const [novel, lamp] = [
      shop.addProduct({ price: 1000, category: 'fiction' }),
      shop.addProduct({ price: 5000, category: null }),
    ];
    const buy = async (product: { id: string }, quantity: number) => {
      const order = await shop.place(reader.headers, { items: [{ product_id: product.id, quantity }] });
      await pay(order);
      return order;
    };
    const [first, second] = [await buy(novel, 3), await buy(lamp, 1)];
    await shop.place(reader.headers, { items: [{ product_id: lamp.id, quantity: 9 }] });
    const canceled = await buy(lamp, 1);
    await shop.request('POST', `/api/v1/orders/${canceled.id}/cancel`, { headers: reader.headers });
    const spent = first.total_cents + second.total_cents;
    const month = new Intl.DateTimeFormat('en-CA', {
      timeZone: 'Europe/Madrid',
      year: 'numeric',
      month: '2-digit',
    });
    expect((await get('/purchases/analytics/summary', reader.headers)).body).toEqual({
      totals: [{ currency: 'EUR', orders: 2, units: 4, spent_cents: spent, refunded_cents: 0 }],
      by_month: [{ month: month.format(new Date()), currency: 'EUR', orders: 2, spent_cents: spent }],
      top_categories: [
        { category: null, currency: 'EUR', units: 1, spent_cents: 5000 },
        { category: 'fiction', currency: 'EUR', units: 3, spent_cents: 3000 },
      ],
    });
  });

  test('is empty for who bought nothing, and 401 without a token', async () => {
    const { headers } = await shop.addBuyer();
    expect((await get('/purchases/analytics/summary', headers)).body).toEqual({
      totals: [],
      by_month: [],
      top_categories: [],
    });
    expect((await get('/purchases/analytics/summary', { 'x-tenant': shop.tenant.id })).status).toBe(401);
  });
});
