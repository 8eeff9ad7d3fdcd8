import { exampleBankAccount, paymentSucceeded } from '@zoco/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addCustomer } from '../fixtures/neighbours.ts';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';

let shop: Shop;
let buyer: { headers: Record<string, string> };
let staff: { headers: Record<string, string> };
beforeAll(async () => {
  shop = await openShop();
  [buyer, staff] = await Promise.all([shop.addBuyer(), shop.addStaff()]);
});
afterAll(() => shop[Symbol.asyncDispose]());

const items = () => [{ product_id: shop.addProduct().id, quantity: 1 }];
const place = (payment_method = 'transfer', { headers } = buyer) =>
  shop.place(headers, { items: items(), payment_method });
const get = (path: string, { headers } = buyer) => shop.request('GET', `/api/v1${path}`, { headers });
const seenOf = async (id: string) => (await get(`/orders/${id}`)).body.transfer_to;
const step = (id: string, name: string) =>
  shop.request('POST', `/api/v1/orders/${id}/${name}`, {
    headers: { ...staff.headers, 'idempotency-key': uniqueKey() },
  });
const pay = (order: { id: string; total_cents: number }) =>
  shop.deliver(
    paymentSucceeded,
    {
      payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
      order_id: order.id,
      amount_cents: order.total_cents,
      currency: 'EUR',
      method: 'transfer',
      succeeded_at: '2026-11-22T10:15:01.000Z',
    },
    2,
  );

describe('the account that a transfer goes to', () => {
  test('is told with the order, wherever that is shown, and no more once the money is there', async () => {
    const order = await place();
    const target = { ...exampleBankAccount, reference: order.number };
    expect(order.transfer_to).toEqual(target);
    expect(await seenOf(order.id)).toEqual(target);
    for (const list of ['/orders', '/purchases'])
      expect((await get(list)).body.data[0]).toMatchObject({ id: order.id, transfer_to: target });
    const stream = await shop.stream(`/api/v1/orders/${order.id}/events`, buyer.headers);
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: order')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    expect(text).toContain(`"transfer_to":${JSON.stringify(target)}`);
    await pay(order);
    expect(await shop.getOrder(order.id)).toMatchObject({ status: 'confirmed', payment_status: 'paid' });
    expect(await seenOf(order.id)).toBeNull();
  });

  test('stays on an order that staff trusts, while it is shipped and until it is paid', async () => {
    const order = await place();
    const target = { ...exampleBankAccount, reference: order.number };
    for (const name of ['confirm', 'ship', 'deliver'])
      expect(await step(order.id, name)).toMatchObject({ status: 200, body: { transfer_to: target } });
    await pay(order);
    expect(await seenOf(order.id)).toBeNull();
  });

  test('is gone with an order that is canceled or expires', async () => {
    const [canceled, expired] = [await place(), await place()];
    expect((await step(canceled.id, 'cancel')).body).toMatchObject({ status: 'canceled', transfer_to: null });
    await shop.world.db.transact(
      shop.tenant.id,
      (tx) => tx.sql`update orders set status = 'expired', version = version + 1 where id = ${expired.id}`,
    );
    expect(await seenOf(expired.id)).toBeNull();
  });

  test('is not told for a card or on account, nor by a shop that has none', async () => {
    expect((await place('card')).transfer_to).toBeNull();
    const customer = addCustomer(shop.neighbours.users);
    const onAccount = { items: items(), customer_id: customer.id, payment_method: 'on_account' };
    expect((await shop.place(staff.headers, onAccount)).transfer_to).toBeNull();
    const silent = await shop.addBuyer(shop.world.addTenant({ bank_account: null }));
    expect(await place('transfer', silent)).toMatchObject({ status: 'created', transfer_to: null });
  });
});
