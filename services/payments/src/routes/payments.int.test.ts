import { orderExpired } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced, journalsOf } from '../../fixtures/ledger.ts';
import { expectSignInNeeded, expectStaffNeeded, withoutInstance } from '../../fixtures/refusals.ts';
import { type Caller, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
let buyer: Caller;
let staff: Caller;
beforeAll(async () => {
  shop = await openShop({ timeoutMs: 300 });
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(async () => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
  [buyer, staff] = await Promise.all([shop.addBuyer(), shop.addStaff()]);
});

const order = (more: object = {}) => shop.order({ user_id: buyer.userId, ...more });
const get = (path: string, { headers }: Caller = buyer) => shop.request('GET', path, { headers });
const post = (path: string, { headers }: Caller = buyer, body?: unknown) =>
  shop.request('POST', path, { headers, body });

describe('GET /payments', () => {
  test('200: buyers see their own, staff see all, newest first', async () => {
    const mine = await order({ payment_token: 'pm_card_visa' });
    const theirs = await shop.order();
    const own = await get('/payments');
    expect(own.body).toMatchObject({
      data: [{ id: mine.payment.id, order_id: mine.orderId, status: 'succeeded', refunds: [] }],
      next_cursor: null,
    });
    const all = await get('/payments?limit=2', staff);
    expect(all.body.data.map(({ id }: { id: string }) => id)).toEqual([theirs.payment.id, mine.payment.id]);
  });

  test('200: pages, filters by order and status', async () => {
    for (let count = 0; count < 3; count += 1) await order();
    const paid = await order({ payment_token: 'pm_card_visa' });
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await get(`/payments?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      ids.push(...page.body.data.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor;
    }
    expect(ids).toHaveLength(4);
    expect(ids).toEqual(ids.toSorted().toReversed());
    const byStatus = await get('/payments?status=succeeded');
    expect(byStatus.body.data.map(({ id }: { id: string }) => id)).toEqual([paid.payment.id]);
    const byOrder = await get(`/payments?order_id=${paid.orderId}`);
    expect(byOrder.body.data).toHaveLength(1);
    expect((await get('/payments?order_id=ord_nothing')).body.data).toEqual([]);
  });

  test('401, 403, 422', async () => {
    await expectSignInNeeded(shop, { method: 'GET', path: '/payments' }, 'payments:read');
    for (const query of ['status=paid', 'limit=0', 'limit=101', 'colour=red', 'cursor=nonsense']) {
      expect((await get(`/payments?${query}`)).status).toBe(422);
    }
    await order();
    await order();
    const { next_cursor: cursor } = (await get('/payments?limit=1')).body;
    expect((await get(`/payments?status=succeeded&cursor=${cursor}`)).body.code).toBe('cursor_invalid');
  });

  test("a voided order that never was is nobody's payment", async () => {
    const orderId = newId('order');
    await shop.callAs('orders', `/internal/payments/${orderId}/void`);
    expect((await get(`/payments?order_id=${orderId}`, staff)).body.data).toEqual([]);
  });
});

describe('GET /payments/{id}', () => {
  test('200 for the buyer and for staff', async () => {
    const { payment } = await order({ payment_token: 'pm_card_chargeDeclined' });
    const own = await get(`/payments/${payment.id}`);
    expect(own.body).toMatchObject({
      id: payment.id,
      payment_method: 'card',
      amount_cents: 2948,
      currency: 'EUR',
      status: 'requires_payment_method',
      attempts: 1,
      last_error: { code: 'generic_decline', detail: expect.any(String) },
    });
    expect((await get(`/payments/${payment.id}`, staff)).text).toBe(own.text);
    for (const secret of ['client_secret', 'pi_', 'pm_', 'intent', 'tenant']) {
      expect(own.text).not.toContain(secret);
    }
  });

  test('401, 403, 404: a foreign payment is like none', async () => {
    const { payment } = await shop.order();
    const path = `/payments/${payment.id}`;
    await expectSignInNeeded(shop, { method: 'GET', path }, 'payments:read');
    const missing = await get('/payments/pay_00000000000000000000000000');
    const outsider = await shop.addStaff(shop.world.addTenant());
    for (const answer of [await get(path), await get(path, outsider), await get('/payments/x')]) {
      expect(answer.status).toBe(404);
      expect(withoutInstance(answer)).toEqual(withoutInstance(missing));
    }
  });
});

describe('POST /payments/{id}/cancel', () => {
  test('200: ended at the provider, told once; repeating it changes nothing', async () => {
    const { payment, orderId } = await order();
    const first = await post(`/payments/${payment.id}/cancel`);
    expect([first.status, first.body.status]).toEqual([200, 'canceled']);
    const again = await post(`/payments/${payment.id}/cancel`);
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(shop.sandbox.journal({ order_id: orderId, type: 'payment_intent.canceled' })).toHaveLength(1);
    expect(await shop.eventsOf(payment.id)).toMatchObject([
      { type: 'payment.created' },
      { type: 'payment.canceled', data: { reason: 'requested' } },
    ]);
  });

  test('200 for staff; the same key gives the same bytes', async () => {
    const { payment } = await order();
    const headers = { ...staff.headers, 'idempotency-key': `key-${newId('event')}` };
    const first = await shop.request('POST', `/payments/${payment.id}/cancel`, { headers });
    const again = await shop.request('POST', `/payments/${payment.id}/cancel`, { headers });
    expect([first.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([
      200,
      first.text,
      'true',
    ]);
  });

  test('401, 403, 404', async () => {
    const { payment } = await shop.order();
    const path = `/payments/${payment.id}/cancel`;
    expect((await post(path)).status).toBe(404);
    expect((await post('/payments/pay_00000000000000000000000000/cancel')).status).toBe(404);
    await expectSignInNeeded(shop, { method: 'POST', path }, 'payments:write');
  });

  test('409: money came, also in this very moment; a transfer ends with its order, whoever asks', async () => {
    const paid = await order({ payment_token: 'pm_card_visa' });
    expect((await post(`/payments/${paid.payment.id}/cancel`)).body.code).toBe('payment_already_captured');
    const racing = await order();
    await shop.stripe.paymentIntents.confirm(racing.payment.intentId ?? '', {
      payment_method: 'pm_card_visa',
    });
    const late = await post(`/payments/${racing.payment.id}/cancel`);
    expect([late.status, late.body.code]).toEqual([409, 'payment_already_captured']);
    expect(await shop.find(racing.orderId)).toMatchObject({ status: 'succeeded', cancelReason: null });
    const transfer = await order({ payment_method: 'transfer' });
    const path = `/payments/${transfer.payment.id}/cancel`;
    for (const caller of [buyer, staff])
      expect((await post(path, caller)).body.code).toBe('payment_ends_with_order');
  });

  test('503 while the provider does not tell; it is ended later all the same', async () => {
    const { payment, orderId } = await order();
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'payment_intents.cancel', times: 3 });
    const answer = await post(`/payments/${payment.id}/cancel`);
    expect([answer.status, answer.body.code]).toEqual([503, 'payment_outcome_unknown']);
    await shop.passTime();
    expect(await shop.find(orderId)).toMatchObject({ status: 'canceled' });
  });
});

describe('POST /payments/{id}/settle', () => {
  const settle = (id: string, body: unknown = { reference: 'statement 47' }) =>
    post(`/payments/${id}/settle`, staff, body);

  test.each(['transfer', 'on_account'] as const)(
    '200: the money of a payment by %s is booked, once',
    async (method) => {
      const { payment, orderId } = await order({ payment_method: method });
      const first = await settle(payment.id);
      expect([first.status, first.body]).toMatchObject([200, { status: 'succeeded', captured_cents: 2948 }]);
      expect((await settle(payment.id)).text).toBe(first.text);
      expect(await journalsOf(shop, orderId)).toEqual([
        { kind: 'settlement', bank: 2948, revenue: -2835, tax_payable: -113 },
      ]);
      expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.succeeded']);
      await expectBalanced(shop);
    },
  );

  test('200 ten times at once: booked once', async () => {
    const { payment, orderId } = await order({ payment_method: 'transfer' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => settle(payment.id)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await journalsOf(shop, orderId)).toHaveLength(1);
  });

  test('401, 403, 404', async () => {
    const { payment } = await order({ payment_method: 'transfer' });
    const endpoint = { method: 'POST', path: `/payments/${payment.id}/settle`, body: {} };
    await expectStaffNeeded(shop, endpoint);
    await expectSignInNeeded(shop, endpoint, 'payments:write');
    const outsider = await shop.addStaff(shop.world.addTenant());
    expect((await post(`/payments/${payment.id}/settle`, outsider, {})).status).toBe(404);
    expect((await settle('pay_00000000000000000000000000')).status).toBe(404);
  });

  test('409 for cards and for what was ended; 422 for the rest', async () => {
    const card = await order();
    expect((await settle(card.payment.id)).body.code).toBe('payment_method_unsettleable');
    const ended = await order({ payment_method: 'transfer' });
    await shop.deliver(orderExpired, { order_id: ended.orderId, expired_at: new Date().toISOString() });
    expect((await settle(ended.payment.id)).body.code).toBe('payment_canceled');
    for (const body of [
      { amount_cents: 1 },
      { reference: '' },
      { reference: 'x'.repeat(201) },
      { reference: 7 },
    ]) {
      expect((await settle(ended.payment.id, body)).status).toBe(422);
    }
    const pan = await settle(ended.payment.id, { reference: 'card 5555 5555 5555 4444' });
    expect([pan.status, pan.text.includes('5555')]).toEqual([422, false]);
  });
});
