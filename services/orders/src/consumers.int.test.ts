import {
  paymentCanceled,
  paymentFailed,
  paymentRefunded,
  paymentSucceeded,
  tenantUpdated,
} from '@zoco/contracts';
import { connectNats, provisionStreams, startEvents, watch } from '@zoco/events';
import { newId } from '@zoco/kernel';
import { eventually, startPrivateNats } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../fixtures/shop.ts';
import { handlers } from './consumers/index.ts';

let shop: Shop;
let buyer: { headers: Record<string, string> };
beforeAll(async () => {
  shop = await openShop({ ORDERS_OPEN_MAX: 1000 });
  buyer = await shop.addBuyer();
});
afterAll(() => shop[Symbol.asyncDispose]());

interface Placed {
  id: string;
  total_cents: number;
}
const place = (): Promise<Placed> =>
  shop.place(buyer.headers, { items: [{ product_id: shop.addProduct().id, quantity: 1 }] });
const reference = (order: Placed) => ({
  payment_id: newId('payment'),
  order_id: order.id,
  amount_cents: order.total_cents,
  currency: 'EUR',
  method: 'card' as const,
});
const succeeded = (order: Placed) => ({ ...reference(order), succeeded_at: '2026-11-22T10:15:01.000Z' });
const failed = (order: Placed, attempt = 1) => ({
  ...reference(order),
  attempt,
  code: 'card_declined',
  detail: 'Your card was declined.',
});
const refunded = (order: Placed, total: number) => ({
  ...reference(order),
  refund_id: newId('refund'),
  refund_cents: total,
  refunded_total_cents: total,
  reason: 'goodwill',
  refunded_at: '2026-11-22T10:20:01.000Z',
});
const viewOf = async (id: string) =>
  (await shop.request('GET', `/api/v1/orders/${id}`, { headers: buyer.headers })).body;

describe('payment.succeeded', () => {
  test('many at once confirm their orders, note what was paid already, and ask back what came too late', async () => {
    const [one, other, paid, late] = [await place(), await place(), await place(), await place()];
    await shop.deliver(paymentSucceeded, succeeded(paid), 2);
    const { status } = await shop.request('POST', `/api/v1/orders/${late.id}/cancel`, {
      headers: { ...buyer.headers, 'idempotency-key': `cancel-${late.id}` },
    });
    expect(status).toBe(200);
    await shop.deliverAll(paymentSucceeded, [one, late, other, paid].map(succeeded), 2);
    const seen = await Promise.all([one, other, paid, late].map((order) => viewOf(order.id)));
    expect(seen.map((view) => [view.status, view.payment_status, view.version])).toEqual([
      ['confirmed', 'paid', 3],
      ['confirmed', 'paid', 3],
      ['confirmed', 'paid', 3],
      ['canceled', 'paid', 4],
    ]);
    const told = await Promise.all([one, other, late].map((order) => shop.eventsOf(order.id)));
    expect(told.map((events) => events.at(-1)?.type)).toEqual([
      'order.confirmed',
      'order.confirmed',
      'order.cancel_requested',
    ]);
  });

  test('many at once: one with another amount undoes all, so that each is handled alone', async () => {
    const [one, other] = [await place(), await place()];
    const wrong = { ...succeeded(other), amount_cents: 1 };
    await expect(shop.deliverAll(paymentSucceeded, [succeeded(one), wrong], 2)).rejects.toMatchObject({
      code: 'payment_amount_mismatch',
    });
    expect(await viewOf(one.id)).toMatchObject({ status: 'created' });
  });

  test('confirms the order, opens the window and tells everything', async () => {
    const order = await place();
    await shop.deliver(paymentSucceeded, succeeded(order), 2);
    const view = await viewOf(order.id);
    expect(view).toMatchObject({ status: 'confirmed', payment_status: 'paid', version: 3 });
    expect(Date.parse(view.cancel_until) - Date.parse(view.confirmed_at)).toBe(
      shop.tenant.cancel_window_minutes * 60_000,
    );
    expect((await shop.eventsOf(order.id)).at(-1)).toMatchObject({
      type: 'order.confirmed',
      version: 3,
      data: {
        order_id: order.id,
        total_cents: order.total_cents,
        payment_status: 'paid',
        payment_terms_days: null,
        items: [{ quantity: 1 }],
        confirmed_at: view.confirmed_at,
        cancel_until: view.cancel_until,
      },
    });
  });

  test.each([
    ['another amount', (order: Placed) => ({ ...succeeded(order), amount_cents: order.total_cents - 1 })],
    ['another currency', (order: Placed) => ({ ...succeeded(order), currency: 'USD' })],
  ])('%s confirms nothing and needs a person', async (_name, dataOf) => {
    const order = await place();
    await expect(shop.deliver(paymentSucceeded, dataOf(order), 2)).rejects.toMatchObject({
      code: 'payment_amount_mismatch',
    });
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'created', version: 2 });
  });

  test('for an order that never was: needs a person', async () => {
    const nothing = { id: newId('order'), total_cents: 1 };
    await expect(shop.deliver(paymentSucceeded, succeeded(nothing), 2)).rejects.toMatchObject({
      code: 'order_not_found',
    });
  });

  test('again, under another event id: changes nothing more', async () => {
    const order = await place();
    for (let n = 0; n < 3; n += 1) await shop.deliver(paymentSucceeded, succeeded(order), 2);
    expect(await shop.eventsOf(order.id)).toHaveLength(2);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'confirmed', version: 3 });
  });

  test('settles an order that was confirmed on account', async () => {
    const order = await shop.place(buyer.headers, {
      items: [{ product_id: shop.addProduct().id, quantity: 1 }],
      payment_method: 'transfer',
    });
    const staff = await shop.addStaff();
    await shop.request('POST', `/api/v1/orders/${order.id}/confirm`, {
      headers: { ...staff.headers, 'idempotency-key': 'confirm-a-trusted-transfer' },
    });
    await shop.deliver(paymentSucceeded, { ...succeeded(order), method: 'transfer' }, 2);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'confirmed', payment_status: 'paid' });
    expect(await shop.eventsOf(order.id)).toHaveLength(2);
  });
});

describe('payment events in any order', () => {
  test('a decline is shown, counted, and forgotten once the money came', async () => {
    const order = await place();
    expect((await viewOf(order.id)).payment_status).toBe('pending');
    await shop.deliver(paymentFailed, failed(order), 2);
    expect(await viewOf(order.id)).toMatchObject({
      status: 'created',
      payment_status: 'unpaid',
      payment_attempts: 1,
      payment_failure: { code: 'card_declined', detail: 'Your card was declined.' },
    });
    await shop.deliver(paymentSucceeded, succeeded(order), 3);
    expect(await viewOf(order.id)).toMatchObject({ payment_status: 'paid', payment_failure: null });
  });

  test('an older decline after a newer one does not count back', async () => {
    const order = await place();
    await shop.deliver(paymentFailed, failed(order, 2), 3);
    await shop.deliver(paymentFailed, failed(order, 1), 2);
    expect((await viewOf(order.id)).payment_attempts).toBe(2);
  });

  test('a decline that comes after the money changes nothing', async () => {
    const order = await place();
    await shop.deliver(paymentSucceeded, succeeded(order), 3);
    await shop.deliver(paymentFailed, failed(order), 2);
    expect(await shop.getOrder(order.id)).toMatchObject({
      status: 'confirmed',
      payment_status: 'paid',
      version: 3,
    });
  });

  test('a refund before its capture waits for it; an older sum after a newer one changes nothing', async () => {
    const order = await place();
    const early = shop.deliver(paymentRefunded, refunded(order, 10), 3);
    await expect(early).rejects.toMatchObject({ kind: 'unavailable' });
    await shop.deliver(paymentSucceeded, succeeded(order), 2);
    await shop.deliver(paymentRefunded, refunded(order, 20), 4);
    await shop.deliver(paymentRefunded, refunded(order, 10), 3);
    expect(await viewOf(order.id)).toMatchObject({
      payment_status: 'partially_refunded',
      refunded_cents: 20,
    });
    expect((await shop.eventsOf(order.id)).map(({ type }) => type)).toEqual([
      'order.created',
      'order.confirmed',
      'order.refunded',
    ]);
  });

  test('a payment that is canceled before money moved leaves the order waiting', async () => {
    const order = await place();
    await shop.deliver(paymentCanceled, { ...reference(order), reason: 'buyer' }, 2);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'created', payment_status: 'unpaid' });
  });
});

test('over JetStream: each event delivered three times, redelivered after a crash, takes effect once', async () => {
  await using nats = await startPrivateNats();
  const nc = await connectNats({ url: nats.url, name: 'orders' });
  await provisionStreams(nc);
  let crashes = 0;
  await using _events = startEvents({
    service: 'orders',
    natsUrl: nats.url,
    db: shop.world.db,
    log: shop.world.log,
    handlers: handlers((name) => {
      if (name !== 'before-confirm-commit' || crashes > 0) return;
      crashes += 1;
      throw new Error('crash');
    }),
    watchers: [watch(tenantUpdated, () => {})],
  });
  const order = await place();
  const publish = (type: string, version: number, data: object) => {
    const envelope = {
      specversion: '1.0',
      id: newId('event'),
      source: '/zoco/payments',
      type,
      subject: reference(order).payment_id,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      tenantid: shop.tenant.id,
      aggregateversion: version,
      data,
    };
    const payload = JSON.stringify(envelope);
    for (let copy = 0; copy < 3; copy += 1) nc.publish(`zoco.payments.${type}.${shop.tenant.id}`, payload);
  };
  publish('payment.succeeded', 2, succeeded(order));
  publish('payment.created', 1, reference(order));
  publish('payment.refunded', 3, refunded(order, order.total_cents));
  await eventually(async () =>
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'confirmed', payment_status: 'refunded' }),
  );
  expect(crashes).toBe(1);
  expect((await shop.eventsOf(order.id)).map(({ type }) => type)).toEqual([
    'order.created',
    'order.confirmed',
    'order.refunded',
  ]);
  await nc.close();
});
