import { orderCanceled, paymentCanceled, paymentRefunded, paymentSucceeded } from '@zoco/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { addCustomer } from '../fixtures/neighbours.ts';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';

let shop: Shop;
let buyer: { userId: string; headers: Record<string, string> };
let staff: { userId: string; headers: Record<string, string> };
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

interface Placed {
  id: string;
  total_cents: number;
}

const items = () => [{ product_id: shop.addProduct().id, quantity: 1 }];
const place = (overrides: Record<string, unknown> = {}): Promise<Placed> =>
  shop.place(buyer.headers, { items: items(), ...overrides });
const placeOnAccount = (): Promise<Placed> =>
  shop.place(staff.headers, {
    items: items(),
    customer_id: addCustomer(shop.neighbours.users).id,
    payment_method: 'on_account',
  });
const cancel = (id: string, headers = buyer.headers, body?: unknown) =>
  shop.request('POST', `/api/v1/orders/${id}/cancel`, { headers, body });
const confirm = (id: string) =>
  shop.request('POST', `/api/v1/orders/${id}/confirm`, {
    headers: { ...staff.headers, 'idempotency-key': uniqueKey() },
  });
const payment = (order: Placed) => ({
  payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
  order_id: order.id,
  amount_cents: order.total_cents,
  currency: 'EUR',
  method: 'card',
});
const pay = (order: Placed) =>
  shop.deliver(paymentSucceeded, { ...payment(order), succeeded_at: '2026-11-22T10:15:01.000Z' }, 2);
const refund = (order: Placed, total = order.total_cents, version = 3) =>
  shop.deliver(
    paymentRefunded,
    {
      ...payment(order),
      refund_id: 'ref_01jqb3k5xwf7kt3qk5v1y6zj3m',
      refund_cents: total,
      refunded_total_cents: total,
      reason: 'order_canceled',
      refunded_at: '2026-11-22T10:20:01.000Z',
    },
    version,
  );
/** Makes the window end now, as time would; the guard lets nobody change a time without a new version. */
const closeWindow = (id: string) =>
  shop.world.db.transact(
    shop.tenant.id,
    (tx) => tx.sql`update orders set cancel_until = now(), version = version + 1 where id = ${id}`,
  );

describe('POST /api/v1/orders/{id}/cancel', () => {
  test('an unpaid card order: the payment is ended first, then the order; again changes nothing', async () => {
    const order = await place();
    const canceled = await cancel(order.id);
    expect(canceled).toMatchObject({
      status: 200,
      body: { status: 'canceled', reason: 'buyer_request', version: 3 },
    });
    expect(shop.neighbours.payments.voided).toContain(order.id);
    expect((await cancel(order.id)).body).toEqual(canceled.body);
    const events = await shop.eventsOf(order.id);
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({
      type: orderCanceled.type,
      version: 3,
      data: { was_confirmed: false, reason: 'buyer_request', canceled_at: canceled.body.canceled_at },
    });
  });

  test('an order by transfer ends at once; payments hears of it by the event', async () => {
    const order = await place({ payment_method: 'transfer' });
    expect(await cancel(order.id)).toMatchObject({ status: 200, body: { status: 'canceled' } });
    expect(shop.neighbours.payments.voided).not.toContain(order.id);
  });

  test('money that is captured already: 409 and nothing changed; once confirmed it is refunded', async () => {
    const order = await place();
    shop.neighbours.payments.captured.add(order.id);
    const answer = await cancel(order.id);
    expect([answer.status, answer.body.code]).toEqual([409, 'order_payment_captured']);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await shop.getOrder(order.id)).status).toBe('created');
    await pay(order);
    expect(await cancel(order.id)).toMatchObject({ status: 200, body: { status: 'cancel_pending' } });
  });

  test.each(['fail', 'lose'] as const)('payments %ss: 503 and nothing changed', async (mode) => {
    const order = await place();
    shop.neighbours.payments.mode = mode;
    const answer = await cancel(order.id);
    expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'created', version: 2 });
    shop.neighbours.payments.mode = 'answer';
    expect((await cancel(order.id)).status).toBe(200);
  });

  test('a paid order within the window waits for its refund and ends with it', async () => {
    const order = await place();
    await pay(order);
    const asked = await cancel(order.id, buyer.headers, { reason: 'ordered twice' });
    expect(asked).toMatchObject({ status: 200, body: { status: 'cancel_pending', payment_status: 'paid' } });
    expect((await cancel(order.id)).body).toEqual(asked.body);
    await refund(order);
    expect((await cancel(order.id)).body).toMatchObject({
      status: 'canceled',
      payment_status: 'refunded',
      refunded_cents: order.total_cents,
      reason: 'ordered twice',
    });
    const events = await shop.eventsOf(order.id);
    expect(events.map(({ type, version }) => [type, version])).toEqual([
      ['order.created', 2],
      ['order.confirmed', 3],
      ['order.cancel_requested', 4],
      ['order.refunded', 5],
      ['order.canceled', 6],
    ]);
    expect(events[4]?.data).toMatchObject({ was_confirmed: true, reason: 'ordered twice' });
  });

  test('a refund in parts ends it with the last part only', async () => {
    const order = await place();
    await pay(order);
    await cancel(order.id);
    await refund(order, 1, 3);
    expect(await shop.getOrder(order.id)).toMatchObject({
      status: 'cancel_pending',
      payment_status: 'partially_refunded',
    });
    await refund(order, order.total_cents, 4);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'canceled', payment_status: 'refunded' });
  });

  test('all the money went back before: nothing is left to wait for', async () => {
    const order = await place();
    await pay(order);
    await refund(order);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'confirmed', payment_status: 'refunded' });
    expect(await cancel(order.id)).toMatchObject({ status: 200, body: { status: 'canceled' } });
    expect((await shop.eventsOf(order.id)).slice(-2).map(({ type }) => type)).toEqual([
      'order.cancel_requested',
      'order.canceled',
    ]);
  });

  test('on account, never paid: ends when payments says that no money moved', async () => {
    const order = await placeOnAccount();
    await confirm(order.id);
    expect((await cancel(order.id, staff.headers)).body.status).toBe('cancel_pending');
    await shop.deliver(
      paymentCanceled,
      { ...payment(order), method: 'on_account', reason: 'order_canceled' },
      2,
    );
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'canceled', payment_status: 'unpaid' });
    expect((await shop.eventsOf(order.id)).at(-1)).toMatchObject({
      type: 'order.canceled',
      data: { was_confirmed: true, reason: 'staff_request' },
    });
  });

  test('after the window the buyer may not, staff may until it is shipped', async () => {
    const order = await place();
    await pay(order);
    await closeWindow(order.id);
    const late = await cancel(order.id);
    expect([late.status, late.body.code]).toEqual([409, 'order_cancel_window_over']);
    expect((await shop.eventsOf(order.id)).map(({ type }) => type)).toEqual([
      'order.created',
      'order.confirmed',
    ]);
    expect((await cancel(order.id, staff.headers)).body.status).toBe('cancel_pending');
    const other = await place();
    await pay(other);
    await shop.request('POST', `/api/v1/orders/${other.id}/ship`, { headers: staff.headers });
    const shipped = await cancel(other.id, staff.headers);
    expect([shipped.status, shipped.body.code]).toEqual([409, 'order_status_conflict']);
  });

  test('401 without a token; 404 alike for missing, impossible, and of another buyer or shop', async () => {
    const order = await place();
    expect((await cancel(order.id, { 'x-tenant': shop.tenant.id })).status).toBe(401);
    const [neighbour, stranger] = [await shop.addBuyer(), await shop.addStaff(shop.world.addTenant())];
    const answers = await Promise.all([
      cancel('ord_01jqb3k5xwf7kt3qk5v1y6zj3m'),
      cancel('nonsense'),
      cancel(order.id, neighbour.headers),
      cancel(order.id, stranger.headers),
    ]);
    for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'order_not_found']);
    expect((await shop.getOrder(order.id)).status).toBe('created');
  });

  test('422 for an unknown field', async () => {
    const answer = await cancel('nonsense', buyer.headers, { why: 'x' });
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'why']);
  });

  test.each(['before-void', 'after-void', 'after-cancel-request'])(
    'a crash %s: the retry cancels once',
    async (point) => {
      const order = await place();
      shop.failpoint = (name) => {
        if (name === point) throw new Error('crash');
      };
      expect((await cancel(order.id)).status).toBe(500);
      shop.failpoint = () => {};
      expect((await cancel(order.id)).body.status).toBe('canceled');
      expect(await shop.eventsOf(order.id)).toHaveLength(2);
    },
  );
});

describe('races have one winner', () => {
  const expire = (id: string) =>
    shop.world.db.transact(
      shop.tenant.id,
      (tx) => tx.sql`update orders set expires_at = now(), version = version + 1 where id = ${id}`,
    );

  test('capture, cancel and expiry of card orders', async () => {
    for (let round = 0; round < 10; round += 1) {
      const order = await place();
      await expire(order.id);
      await shop.backdate(order.id);
      await Promise.all([pay(order), cancel(order.id), shop.sweep(), shop.sweep()]);
      const { status, payment_status: paid } = await shop.getOrder(order.id);
      const types = (await shop.eventsOf(order.id)).map(({ type }) => type);
      const transitions = await shop.transitionsOf(order.id);
      expect(transitions.map(({ version }) => version)).toEqual(transitions.map((_, index) => index + 1));
      // A capture that came too late is asked back, whoever ended the order.
      const stories: Partial<Record<typeof status, string[]>> = {
        confirmed: ['order.created', 'order.confirmed'],
        cancel_pending: ['order.created', 'order.confirmed', 'order.cancel_requested'],
        canceled: ['order.created', 'order.canceled', 'order.cancel_requested'],
        expired: ['order.created', 'order.expired', 'order.cancel_requested'],
      };
      expect(types).toEqual(stories[status]);
      expect(paid).toBe('paid');
    }
  });

  test('confirm and cancel of orders on account', async () => {
    for (let round = 0; round < 12; round += 1) {
      const order = await placeOnAccount();
      const acts = [() => confirm(order.id), () => cancel(order.id, staff.headers)];
      await Promise.all((round % 2 === 0 ? acts : acts.toReversed()).map((act) => act()));
      const { status } = await shop.getOrder(order.id);
      const types = (await shop.eventsOf(order.id)).map(({ type }) => type);
      const stories: Partial<Record<typeof status, string[]>> = {
        canceled: ['order.created', 'order.canceled'],
        cancel_pending: ['order.created', 'order.confirmed', 'order.cancel_requested'],
      };
      expect(types).toEqual(stories[status]);
    }
  });

  test('8 cancels of one order: one transition, and all see it', async () => {
    const order = await place();
    await pay(order);
    const answers = await Promise.all(Array.from({ length: 8 }, () => cancel(order.id)));
    expect(answers.map(({ body }) => body.status)).toEqual(Array.from({ length: 8 }, () => 'cancel_pending'));
    const asked = (await shop.eventsOf(order.id)).filter(({ type }) => type === 'order.cancel_requested');
    expect(asked).toHaveLength(1);
  });
});
