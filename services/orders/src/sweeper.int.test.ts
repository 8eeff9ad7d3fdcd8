import { paymentSucceeded } from '@zoco/contracts';
import { connect } from '@zoco/postgres';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../fixtures/shop.ts';
import { countOpenOrders } from './actions/count-open-orders.ts';
import { forgetAnswers } from './actions/forget-answers.ts';
import { takeDueOrders } from './actions/take-due-orders.ts';
import { sweepOnce } from './sweeper.ts';

let shop: Shop;
let headers: Record<string, string>;
beforeAll(async () => {
  shop = await openShop({ ORDERS_OPEN_MAX: 1000 });
  ({ headers } = await shop.addBuyer());
});
afterEach(() => {
  shop.failpoint = () => {};
  Object.assign(shop.neighbours.payments, { mode: 'answer' });
});
afterAll(() => shop[Symbol.asyncDispose]());

interface Placed {
  id: string;
  total_cents: number;
}
const place = (overrides: Record<string, unknown> = {}): Promise<Placed> =>
  shop.place(headers, { items: [{ product_id: shop.addProduct().id, quantity: 1 }], ...overrides });

/** Lets the time to pay pass: as the owner of the database, because the service may not change a time without a version. */
async function letExpire(...ids: string[]): Promise<void> {
  const sql = connect({ url: shop.world.database.urls.ownerUrl, applicationName: 'test', poolMax: 1 });
  await sql.begin(async (tx) => {
    await tx`alter table orders no force row level security`;
    await tx`alter table orders disable trigger guard_order`;
    await tx`
      update orders set expires_at = now() - interval '1 second', due_at = now() - interval '1 second'
      where id = any(${ids})`;
    await tx`alter table orders enable trigger guard_order`;
    await tx`alter table orders force row level security`;
  });
  await sql.end();
}

const pay = (order: Placed) =>
  shop.deliver(
    paymentSucceeded,
    {
      payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
      order_id: order.id,
      amount_cents: order.total_cents,
      currency: 'EUR',
      method: 'card',
      succeeded_at: '2026-11-22T10:15:01.000Z',
    },
    2,
  );

describe('expiry', () => {
  test('never early: an order that has time left is left alone', async () => {
    const order = await place();
    await shop.backdate(order.id);
    await shop.sweep();
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'created', version: 2 });
  });

  test('ends the card payment first, then the order', async () => {
    const order = await place();
    await letExpire(order.id);
    await shop.sweep();
    expect((await shop.getOrder(order.id)).status).toBe('expired');
    expect(shop.neighbours.payments.voided).toContain(order.id);
    expect((await shop.eventsOf(order.id)).at(-1)).toMatchObject({ type: 'order.expired', version: 3 });
  });

  test('a transfer that never came expires without asking anybody', async () => {
    const order = await place({ payment_method: 'transfer' });
    await letExpire(order.id);
    await shop.sweep();
    expect((await shop.getOrder(order.id)).status).toBe('expired');
    expect(shop.neighbours.payments.voided).not.toContain(order.id);
  });

  test('money that was captured in the last moment wins', async () => {
    const order = await place();
    await letExpire(order.id);
    shop.neighbours.payments.captured.add(order.id);
    await shop.sweep();
    expect((await shop.getOrder(order.id)).status).toBe('created');
    await pay(order);
    expect((await shop.getOrder(order.id)).status).toBe('confirmed');
  });

  test.each(['fail', 'lose'] as const)(
    'payments %ss: the order stays and its turn comes again',
    async (mode) => {
      const order = await place();
      await letExpire(order.id);
      shop.neighbours.payments.mode = mode;
      await shop.sweep();
      expect((await shop.getOrder(order.id)).status).toBe('created');
      shop.neighbours.payments.mode = 'answer';
      await shop.backdate(order.id);
      await shop.sweep();
      expect((await shop.getOrder(order.id)).status).toBe('expired');
    },
  );

  test('money that arrives after the end is asked back', async () => {
    const order = await place();
    await letExpire(order.id);
    await shop.sweep();
    await pay(order);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'expired', payment_status: 'paid' });
    expect((await shop.eventsOf(order.id)).at(-1)).toMatchObject({
      type: 'order.cancel_requested',
      data: { reason: 'late_capture' },
    });
  });
});

describe('many replicas', () => {
  test('each due order is taken by one of them, and not again while its lease lasts', async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, () => place()));
    await letExpire(...orders.map(({ id }) => id));
    const batches = await Promise.all(Array.from({ length: 4 }, () => takeDueOrders(shop.world.db, 5)));
    const taken = batches.flat().map(({ id }) => id);
    expect(taken.toSorted()).toEqual(orders.map(({ id }) => id).toSorted());
    expect(await takeDueOrders(shop.world.db, 5)).toHaveLength(0);
    await Promise.all(orders.map(({ id }) => shop.backdate(id)));
    await Promise.all(Array.from({ length: 4 }, () => sweepOnce(shop.deps)));
    for (const { id } of orders) {
      expect((await shop.getOrder(id)).status).toBe('expired');
      expect(await shop.eventsOf(id)).toHaveLength(2);
    }
  });
});

test('a suspended shop: its unpaid orders still expire, its pending ones are rejected when the time is over', async () => {
  const tenant = shop.world.addTenant();
  const buyer = await shop.addBuyer(tenant);
  const placed = await shop.place(buyer.headers, {
    items: [{ product_id: shop.addProduct().id, quantity: 1 }],
  });
  shop.neighbours.catalog.mode = 'lose';
  await shop.request('POST', '/api/v1/orders', {
    headers: { ...buyer.headers, 'idempotency-key': 'key-of-a-suspended-shop' },
    body: { items: [{ product_id: shop.addProduct().id, quantity: 1 }], payment_method: 'card' },
  });
  shop.neighbours.catalog.mode = 'answer';
  const suspended = {
    ...shop.deps,
    tenants: { ...shop.world.tenants, get: () => Promise.reject(new Error('suspended')) },
    config: { ...shop.deps.config, ORDERS_PENDING_SECONDS: 0 },
  };
  const rows = () =>
    shop.world.db.read(
      tenant.id,
      (tx) => tx.sql<{ id: string; status: string }[]>`select id, status from orders`,
    );
  await letExpire(placed.id);
  for (const { id } of await rows()) await shop.backdate(id);
  await sweepOnce(suspended);
  expect((await rows()).map(({ status }) => status).toSorted()).toEqual(['expired', 'rejected']);
});

test('what waits is counted by status', async () => {
  await using other = await openShop();
  const buyer = await other.addBuyer();
  await other.place(buyer.headers, { items: [{ product_id: other.addProduct().id, quantity: 1 }] });
  expect(await countOpenOrders(other.world.db)).toEqual(new Map([['created', 1]]));
});

test('answers are forgotten after a day and not before', async () => {
  const order = await place();
  const bodyOf = async () => {
    const rows = await shop.world.db.read(
      shop.tenant.id,
      (tx) =>
        tx.sql<{ body: string | null }[]>`select body from idempotency_keys where resource_id = ${order.id}`,
    );
    return rows[0]?.body;
  };
  await forgetAnswers(shop.world.db);
  expect(await bodyOf()).toContain(order.id);
  await shop.world.db.work(
    (tx) =>
      tx.sql`update idempotency_keys set expires_at = now() - interval '1 second' where resource_id = ${order.id}`,
  );
  expect(await forgetAnswers(shop.world.db)).toBe(1);
  expect(await bodyOf()).toBeNull();
});
