import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { paymentSucceeded } from '@zoco/contracts';
import { addCustomer } from '../fixtures/neighbours.ts';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';

let shop: Shop;
let buyer: { headers: Record<string, string> };
let staff: { headers: Record<string, string> };
beforeAll(async () => {
  shop = await openShop({ ORDERS_OPEN_MAX: 1000 });
  buyer = await shop.addBuyer();
  staff = await shop.addStaff();
});
afterEach(() => {
  shop.failpoint = () => {};
  Object.assign(shop.neighbours.payments, { mode: 'answer', before: async () => {} });
});
afterAll(() => shop[Symbol.asyncDispose]());

const items = () => [{ product_id: shop.addProduct().id, quantity: 1 }];
const step = (id: string, verb: string, headers: Record<string, string>, body?: unknown) =>
  shop.request('POST', `/api/v1/orders/${id}/${verb}`, { headers, body });
const confirm = (id: string, key = uniqueKey(), headers = staff.headers) =>
  step(id, 'confirm', { ...headers, 'idempotency-key': key });

const placeByCard = () => shop.place(buyer.headers, { items: items() });
function placeOnAccount() {
  const customer = addCustomer(shop.neighbours.users, { payment_terms_days: 45 });
  return shop.place(staff.headers, {
    items: items(),
    customer_id: customer.id,
    payment_method: 'on_account',
  });
}

const MISSING = 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m';
const capture = (order: { id: string; total_cents: number }) => ({
  payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
  order_id: order.id,
  amount_cents: order.total_cents,
  currency: 'EUR',
  method: 'card',
  succeeded_at: '2026-11-22T10:15:01.000Z',
});
const pay = (order: { id: string; total_cents: number }) => shop.deliver(paymentSucceeded, capture(order), 2);

/** Each step that only staff may take refuses in the same way. */
describe.each(['confirm', 'ship', 'deliver'])('POST /api/v1/orders/{id}/%s refuses', (verb) => {
  const send = (id: string, headers: Record<string, string>) =>
    step(id, verb, { ...headers, 'idempotency-key': uniqueKey() });

  test('401 without a token', async () => {
    const { id } = await placeByCard();
    const answer = await send(id, { 'x-tenant': shop.tenant.id });
    expect([answer.status, answer.body.code]).toEqual([401, 'token_missing']);
  });

  test('403 for the buyer', async () => {
    const { id } = await placeByCard();
    const answer = await send(id, buyer.headers);
    expect([answer.status, answer.body.code]).toEqual([403, 'role_missing']);
    expect((await shop.getOrder(id)).status).toBe('created');
  });

  test('404 alike for what is not there, cannot be, and belongs to another shop', async () => {
    const { id } = await placeByCard();
    const stranger = await shop.addStaff(shop.world.addTenant());
    const answers = await Promise.all([
      send(MISSING, staff.headers),
      send('nonsense', staff.headers),
      send(id, stranger.headers),
    ]);
    for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'order_not_found']);
  });
});

describe('POST /api/v1/orders/{id}/confirm', () => {
  test('confirms once per key, with the terms of the customer', async () => {
    const order = await placeOnAccount();
    const key = uniqueKey();
    const first = await confirm(order.id, key);
    expect(first).toMatchObject({
      status: 200,
      body: { status: 'confirmed', payment_status: 'unpaid', version: 3 },
    });
    const window = Date.parse(first.body.cancel_until) - Date.parse(first.body.confirmed_at);
    expect(window).toBe(shop.tenant.cancel_window_minutes * 60_000);
    const again = await confirm(order.id, key);
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([
      200,
      first.text,
      'true',
    ]);
    const events = await shop.eventsOf(order.id);
    expect(events.map(({ type, version }) => [type, version])).toEqual([
      ['order.created', 2],
      ['order.confirmed', 3],
    ]);
    expect(events[1]?.data).toMatchObject({
      payment_terms_days: 45,
      payment_status: 'unpaid',
      items: [{ quantity: 1, unit_price_cents: 1299 }],
      confirmed_at: first.body.confirmed_at,
      cancel_until: first.body.cancel_until,
    });
  });

  test('a transfer that is trusted to come may be confirmed', async () => {
    const order = await shop.place(buyer.headers, { items: items(), payment_method: 'transfer' });
    expect(await confirm(order.id)).toMatchObject({ status: 200, body: { status: 'confirmed' } });
  });

  test('racing twins with one key: one confirmation, one answer', async () => {
    const order = await placeOnAccount();
    const key = uniqueKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(order.id, key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await shop.eventsOf(order.id)).toHaveLength(2);
  });

  test('racing with different keys: one confirms, the others learn that it is confirmed', async () => {
    const order = await placeOnAccount();
    const answers = await Promise.all(Array.from({ length: 6 }, () => confirm(order.id)));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 409, 409, 409, 409, 409]);
    expect(await shop.eventsOf(order.id)).toHaveLength(2);
  });

  test('400 without a key, 422 when the key confirmed another order', async () => {
    const [one, other] = [await placeOnAccount(), await placeOnAccount()];
    const bare = await step(one.id, 'confirm', staff.headers);
    expect([bare.status, bare.body.code]).toEqual([400, 'idempotency_key_required']);
    const key = uniqueKey();
    await confirm(one.id, key);
    const reused = await confirm(other.id, key);
    expect([reused.status, (await shop.getOrder(other.id)).status]).toEqual([422, 'created']);
  });

  test('409 for a card order and for one that is over, kept under the key', async () => {
    const byCard = await placeByCard();
    const refused = await confirm(byCard.id);
    expect([refused.status, refused.body.code]).toEqual([409, 'order_payment_required']);
    const order = await placeOnAccount();
    await step(order.id, 'cancel', staff.headers);
    const key = uniqueKey();
    const late = await confirm(order.id, key);
    expect([late.status, late.body.code]).toEqual([409, 'order_status_conflict']);
    const again = await confirm(order.id, key);
    expect([again.text, again.headers.get('idempotency-replayed')]).toEqual([late.text, 'true']);
  });

  test.each(['before-confirm-commit', 'after-confirm-commit'])(
    'a crash %s: the retry confirms once',
    async (point) => {
      const order = await placeOnAccount();
      const key = uniqueKey();
      shop.failpoint = (name) => {
        if (name === point) throw new Error('crash');
      };
      expect((await confirm(order.id, key)).status).toBe(500);
      shop.failpoint = () => {};
      const { status, body } = await confirm(order.id, key);
      expect([status, body.status]).toEqual([200, 'confirmed']);
      expect(await shop.eventsOf(order.id)).toHaveLength(2);
    },
  );
});

describe('POST /api/v1/orders/{id}/ship and deliver', () => {
  test('a confirmed order is shipped, then delivered; saying it again changes nothing', async () => {
    const order = await placeByCard();
    await pay(order);
    const shipment = { carrier: 'Correos', tracking: 'PQ4F6X0' };
    const shipped = await step(order.id, 'ship', staff.headers, shipment);
    expect(shipped).toMatchObject({ status: 200, body: { status: 'shipped', ...shipment } });
    expect((await step(order.id, 'ship', staff.headers, shipment)).body).toEqual(shipped.body);
    const other = await step(order.id, 'ship', staff.headers, { carrier: 'DHL' });
    expect([other.status, other.body.code]).toEqual([409, 'order_status_conflict']);
    const delivered = await step(order.id, 'deliver', staff.headers);
    expect(delivered).toMatchObject({ status: 200, body: { status: 'delivered' } });
    expect((await step(order.id, 'deliver', staff.headers)).body).toEqual(delivered.body);
    expect((await shop.eventsOf(order.id)).map(({ type }) => type)).toEqual([
      'order.created',
      'order.confirmed',
      'order.shipped',
      'order.delivered',
    ]);
  });

  test('409 before it is paid and before it is shipped, and nothing is recorded', async () => {
    const order = await placeByCard();
    for (const verb of ['ship', 'deliver']) {
      const answer = await step(order.id, verb, staff.headers);
      expect([answer.status, answer.body.code, answer.body.order_status]).toEqual([
        409,
        'order_status_conflict',
        'created',
      ]);
    }
    expect(await shop.eventsOf(order.id)).toHaveLength(1);
  });

  test('422 for an unknown field', async () => {
    const answer = await step(MISSING, 'ship', staff.headers, { courier: 'x' });
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'courier']);
  });
});
