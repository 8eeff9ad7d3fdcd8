import { randomUUID } from 'node:crypto';
import type { ServiceName } from '@zoco/contracts';
import { type RunningSystem, startSystem } from '@zoco/local';
import { tenantId } from '@zoco/kernel';
import { openDatabase } from '@zoco/postgres';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Api, createApi } from '../src/api.ts';
import { insist, moneyOf, withFailpoint } from '../src/faults.ts';
import { ADDRESS, createShop, order, type Shop } from '../src/shop.ts';

let system: RunningSystem;
let api: Api;
let shop: Shop;
beforeAll(async () => {
  system = await startSystem({
    freePorts: true,
    seed: true,
    build: false,
    readyTimeoutMs: 60_000,
    // Whoever dies with a claim in hand is taken over after two seconds, not thirty.
    env: { ORDERS_LEASE_SECONDS: '2', CART_CHECKOUT_HOLD_SECONDS: '10' },
  });
  api = createApi(system.urls.gateway);
  shop = createShop(api, 'libros');
});
afterAll(() => system.stop());

const EVERYWHERE = ['after-publish-before-mark', 'after-handle-before-ack'];
const checkoutFaults: [ServiceName, string][] = [
  ['cart', 'cart-after-freeze'],
  ['cart', 'cart-after-order'],
  ['orders', 'after-claim'],
  ['orders', 'after-pending'],
  ['orders', 'after-reserve'],
  ['orders', 'before-created-commit'],
  ['orders', 'after-created-commit'],
  ['orders', 'before-confirm-commit'],
  ['orders', 'after-confirm-commit'],
  ['catalog', 'catalog-reserve-written'],
  ['catalog', 'catalog-reserve-done'],
  ['payments', 'after-payment-row'],
  ['payments', 'after-pi-create-before-save'],
  ['invoicing', 'before-invoice-commit'],
  ['invoicing', 'after-invoice-commit'],
  ...(['orders', 'payments', 'catalog', 'invoicing'] as const).flatMap((service) =>
    EVERYWHERE.map((name): [ServiceName, string] => [service, name]),
  ),
];

describe('a checkout ends in one paid order, one charge and one invoice', () => {
  test.each(checkoutFaults)('when %s dies %s', async (service, failpoint) => {
    const product = await shop.addProduct({ stock: 5 });
    const { token } = await api.register('libros');
    const placed = await withFailpoint(system, service, failpoint, async () => {
      const item = { product_id: product.id, quantity: 1 };
      // Sets the quantity where the line exists: an add that is repeated after a lost answer would make it two.
      await eventually(async () => {
        const answer = await api.request('PATCH', `/cart/items/${product.id}`, {
          token,
          body: { quantity: 1 },
        });
        if (answer.status === 200) return;
        await api.expect(200, z.object({}), 'POST', '/cart/items', { token, body: item });
      });
      const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
      const answer = await insist(api, 'POST', '/cart/checkout', { token, body });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      const { id } = order.parse(answer.body);
      return eventually(() => shop.orderBecomes(token, id, 'confirmed', 'paid'));
    });
    const [invoice] = await eventually(() => shop.invoicesOf(token, placed.id, 1));
    expect(invoice?.total_cents).toBe(placed.total_cents);
    expect(await moneyOf(system, placed.id)).toEqual({ charged: [placed.total_cents], refunded: [] });
    await eventually(async () => {
      expect(await shop.getProduct(product.id)).toMatchObject({
        stock: 4,
        stock_on_hand: 4,
        stock_reserved: 0,
      });
    });
  });
});

const cancelFaults: [ServiceName, string][] = [
  ['orders', 'after-cancel-request'],
  ['payments', 'after-refund-row'],
  ['payments', 'after-refund-call'],
];

describe('a canceled order ends refunded once, with its stock back and one credit note', () => {
  test.each(cancelFaults)('when %s dies %s', async (service, failpoint) => {
    const product = await shop.addProduct({ stock: 5 });
    const { token } = await api.register('libros');
    const { id } = await shop.checkout(token, product.id, 2);
    const paid = await shop.orderBecomes(token, id, 'confirmed', 'paid');
    await shop.invoicesOf(token, id, 1);
    await withFailpoint(system, service, failpoint, async () => {
      const answer = await insist(api, 'POST', `/orders/${id}/cancel`, { token });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      await eventually(() => shop.orderBecomes(token, id, 'canceled', 'refunded'));
    });
    await eventually(() => shop.invoicesOf(token, id, 2));
    expect(await moneyOf(system, id)).toEqual({ charged: [paid.total_cents], refunded: [paid.total_cents] });
    await eventually(async () => expect((await shop.getProduct(product.id)).stock).toBe(5));
  });
});

describe('an unpaid order can be given up while services die', () => {
  test.each<[ServiceName, string]>([
    ['orders', 'before-void'],
    ['orders', 'after-void'],
  ])('when %s dies %s', async (service, failpoint) => {
    const product = await shop.addProduct({ stock: 5 });
    const { token } = await api.register('libros');
    const { id } = await shop.checkout(token, product.id, 1, 'pm_card_chargeDeclined');
    await withFailpoint(system, service, failpoint, async () => {
      const answer = await insist(api, 'POST', `/orders/${id}/cancel`, { token });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      await eventually(async () => expect((await shop.getOrder(token, id)).status).toBe('canceled'));
    });
    expect(await moneyOf(system, id)).toEqual({ charged: [], refunded: [] });
    await eventually(async () => expect((await shop.getProduct(product.id)).stock).toBe(5));
  });
});

test('NATS is away for longer than a cart is held, and the buyer tries again with another key: one order, one charge', async () => {
  const product = await shop.addProduct({ stock: 5 });
  const { token } = await api.register('libros');
  const item = { product_id: product.id, quantity: 1 };
  await api.expect(200, z.object({}), 'POST', '/cart/items', { token, body: item });
  const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
  const checkOut = (key: string) =>
    api.request('POST', '/cart/checkout', { token, body, headers: { 'idempotency-key': key } });
  const [key, other] = [randomUUID(), randomUUID()];
  await system.stopNats();
  const placed = await withFailpoint(system, 'cart', 'cart-after-order', async () => {
    expect((await checkOut(key)).status).toBeGreaterThanOrEqual(500);
    const { data } = await api.expect(200, z.object({ data: z.array(order) }), 'GET', '/orders', { token });
    return z.tuple([order]).parse(data)[0];
  });
  await endHolds();
  const refused = await eventually(async () => {
    const answer = await checkOut(other);
    expect(answer.status).toBeLessThan(500);
    return answer;
  });
  expect(refused).toMatchObject({ status: 409, body: { code: 'cart_checked_out', order_id: placed.id } });
  await system.startNats();
  await shop.orderBecomes(token, placed.id, 'confirmed', 'paid');
  expect(await moneyOf(system, placed.id)).toEqual({ charged: [placed.total_cents], refunded: [] });
  await eventually(async () => {
    const cart = await api.expect(200, z.object({ items: z.array(z.unknown()) }), 'GET', '/cart', { token });
    expect(cart.items).toEqual([]);
  });
  expect(await checkOut(key)).toMatchObject({ status: 201, body: { id: placed.id } });
  // Catalog hears of the confirmation by itself, and settles many at once.
  await eventually(async () =>
    expect(await shop.getProduct(product.id)).toMatchObject({ stock: 4, stock_reserved: 0 }),
  );
  const orders = await api.expect(200, z.object({ data: z.array(order) }), 'GET', '/orders', { token });
  expect(orders.data).toHaveLength(1);
});

/** As if all checkouts whose outcome is unknown had been so for longer than they keep others out. */
async function endHolds(): Promise<void> {
  const { runtimeUrl: url, workerUrl } = system.databaseUrls('cart');
  await using db = openDatabase({ url, workerUrl, applicationName: 'e2e' });
  await db.transact(
    tenantId('libros'),
    (tx) =>
      tx.sql`update carts set checkout_until = now() - interval '1 second' where checkout_until > now()`,
  );
}
