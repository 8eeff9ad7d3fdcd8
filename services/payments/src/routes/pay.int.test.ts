import { orderCreated, orderExpired } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced } from '../../fixtures/ledger.ts';
import { newOrder } from '../../fixtures/order.ts';
import { expectSignInNeeded, withoutInstance } from '../../fixtures/refusals.ts';
import { type Caller, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
let buyer: Caller;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(async () => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
  buyer = await shop.addBuyer();
});

const key = () => `key-${newId('event')}`;
const order = (token: string | null = null) => shop.order({ payment_token: token, user_id: buyer.userId });
const pay = (orderId: string, token?: string, more: object = {}, idempotencyKey = key()) =>
  shop.request('POST', '/payments', {
    headers: { ...buyer.headers, 'idempotency-key': idempotencyKey },
    body: {
      order_id: orderId,
      payment_method: 'card',
      ...(token === undefined ? {} : { payment_token: token }),
      ...more,
    },
  });
const chargesOf = (orderId: string) => shop.sandbox.journal({ order_id: orderId, type: 'charge.succeeded' });

describe('POST /payments', () => {
  test('201: a decline at checkout, then another card', async () => {
    const { orderId, payment } = await order('pm_card_chargeDeclined');
    const answer = await pay(orderId, 'pm_card_visa');
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      id: payment.id,
      status: 'succeeded',
      captured_cents: 2948,
      last_error: null,
      client_secret: null,
    });
    expect(chargesOf(orderId)).toMatchObject([{ idempotency_key: `pc:test:${orderId}:2` }]);
    expect(shop.sandbox.journal({ order_id: orderId, type: 'payment_intent.created' })).toHaveLength(1);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.failed', 'payment.succeeded']);
    await expectBalanced(shop);
  });

  test('402 with the reason, and the next attempt is free', async () => {
    const { orderId, payment } = await order();
    const declined = await pay(orderId, 'pm_card_chargeDeclinedInsufficientFunds');
    expect([declined.status, declined.body.code]).toEqual([402, 'payment_declined']);
    expect(declined.body).toMatchObject({ payment_id: payment.id, decline_code: 'insufficient_funds' });
    expect((await pay(orderId, 'pm_nobody')).body.decline_code).toBe('resource_missing');
    expect((await pay(orderId, 'pm_card_visa')).status).toBe(201);
    const told = await shop.eventsOf(payment.id);
    expect(told.map(({ type, data }) => [type, data.attempt])).toEqual([
      ['payment.created', undefined],
      ['payment.failed', 1],
      ['payment.failed', 2],
      ['payment.succeeded', undefined],
    ]);
  });

  test('402 as often as Stripe refuses the order itself: each is an attempt of its own', async () => {
    const { orderId, payment } = await shop.order({
      user_id: buyer.userId,
      total_cents: 30,
      tax_cents: 0,
      payment_token: 'pm_card_visa',
    });
    for (const attempt of [2, 3]) {
      const answer = await pay(orderId, 'pm_card_visa');
      expect([answer.status, answer.body.decline_code]).toEqual([402, 'amount_too_small']);
      // One create with the token, and one without it.
      expect(await shop.find(orderId)).toMatchObject({
        attempt,
        settledAttempt: attempt,
        keyVersion: 1 + 2 * attempt,
      });
    }
    expect((await shop.eventsOf(payment.id)).map(({ data }) => data.attempt)).toEqual([undefined, 1, 2, 3]);
  });

  test('a crash after a token was refused: the create makes the second attempt, and makes it once', async () => {
    let saves = 0;
    shop.failpoint = (name) => {
      if (name === 'before-payment-save-commit' && (saves += 1) === 2) throw new Error('crash');
    };
    const { orderId } = await order('pm_nobody');
    expect(await shop.find(orderId)).toMatchObject({ settledAttempt: 1, intentCalledAt: null });
    const answer = await pay(orderId, 'pm_card_chargeDeclined');
    expect(answer.status).toBe(402);
    expect(await shop.find(orderId)).toMatchObject({ attempt: 2, settledAttempt: 2, failures: 2 });
    expect(shop.sandbox.journal({ order_id: orderId, type: 'charge.failed' })).toHaveLength(1);
    expect((await pay(orderId, 'pm_card_visa')).status).toBe(201);
    expect(await shop.toldOf(orderId)).toEqual([
      'payment.created',
      'payment.failed',
      'payment.failed',
      'payment.succeeded',
    ]);
  });

  test('201 without a token: the client secret, with which the browser pays', async () => {
    const { orderId, payment } = await order();
    const answer = await pay(orderId);
    expect(answer.body).toMatchObject({
      status: 'requires_payment_method',
      client_secret: expect.any(String),
    });
    await fetch(`${shop.sandbox.url}/v1/payment_intents/${payment.intentId}/confirm`, {
      method: 'POST',
      headers: { authorization: 'Bearer pk_test_browser' },
      body: new URLSearchParams({
        payment_method: 'pm_card_visa',
        client_secret: answer.body.client_secret,
      }),
    });
    for (const event of await shop.stripeEvents(payment.intentId)) await shop.sendHook(event);
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded' });
  });

  test('201 with where to go for 3-D Secure; completed, it is paid, without a webhook too', async () => {
    const { orderId, payment } = await order();
    const answer = await pay(orderId, 'pm_card_threeDSecure2Required');
    expect(answer.body).toMatchObject({
      status: 'requires_action',
      next_action: { type: 'redirect_to_url', url: expect.stringContaining('/sandbox/authenticate/') },
      client_secret: expect.any(String),
    });
    shop.sandbox.authenticate(payment.intentId ?? '', 'complete');
    await shop.passTime();
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded', nextActionUrl: null });
  });

  test('3-D Secure failed is a failed attempt, told once; another card pays', async () => {
    const { orderId, payment } = await order();
    await pay(orderId, 'pm_card_authenticationRequired');
    shop.sandbox.authenticate(payment.intentId ?? '', 'fail');
    await shop.passTime();
    await shop.passTime();
    expect(await shop.find(orderId)).toMatchObject({
      status: 'requires_payment_method',
      errorCode: 'payment_intent_authentication_failure',
      failures: 1,
    });
    expect((await pay(orderId, 'pm_card_mastercard')).status).toBe(201);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.failed', 'payment.succeeded']);
  });

  test('201 for a transfer: it waits for the money', async () => {
    const { orderId } = await shop.order({ user_id: buyer.userId, payment_method: 'transfer' });
    const answer = await pay(orderId, undefined, { payment_method: 'transfer' });
    expect([answer.status, answer.body.status, answer.body.client_secret]).toEqual([201, 'pending', null]);
  });

  test('201 for staff, who pay for a buyer', async () => {
    const { orderId } = await order();
    const staff = await shop.addStaff();
    const answer = await shop.request('POST', '/payments', {
      headers: { ...staff.headers, 'idempotency-key': key() },
      body: { order_id: orderId, payment_method: 'card', payment_token: 'pm_card_visa' },
    });
    expect([answer.status, answer.body.status]).toEqual([201, 'succeeded']);
  });

  test('202 when Stripe does not tell in time; the work goes on', async () => {
    await using slow = await openShop({ timeoutMs: 100 });
    const { headers, userId } = await slow.addBuyer();
    const { orderId } = await slow.order({ user_id: userId });
    slow.sandbox.addFault({ kind: 'unavailable', operation: 'payment_intents.confirm', times: 3 });
    const answer = await slow.request('POST', '/payments', {
      headers: { ...headers, 'idempotency-key': key() },
      body: { order_id: orderId, payment_method: 'card', payment_token: 'pm_card_visa' },
    });
    expect([answer.status, answer.body.status]).toEqual([202, 'requires_payment_method']);
    await slow.passTime();
    expect(await slow.find(orderId)).toMatchObject({ status: 'succeeded' });
  });

  test('an order that was placed this moment is waited for', async () => {
    const fresh = newOrder({ user_id: buyer.userId });
    const paying = pay(fresh.order_id, 'pm_card_visa');
    await shop.deliver(orderCreated, fresh);
    expect((await paying).status).toBe(201);
  });
});

describe('POST /payments and its Idempotency-Key', () => {
  test('the same key gives the same bytes, for a success and for a decline', async () => {
    const { orderId } = await order();
    for (const [token, status] of [
      ['pm_card_chargeDeclined', 402],
      ['pm_card_visa', 201],
    ] as const) {
      const same = key();
      const first = await pay(orderId, token, {}, same);
      const again = await pay(orderId, token, {}, same);
      expect([first.status, again.status, again.text]).toEqual([status, status, first.text]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    }
    expect(chargesOf(orderId)).toHaveLength(1);
  });

  test('8 at once with one key: one attempt, the others wait or get its answer', async () => {
    const { orderId } = await order();
    const same = key();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => pay(orderId, 'pm_card_visa', {}, same)),
    );
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const fresh = answers.filter(
      ({ status, headers }) => status === 201 && headers.get('idempotency-replayed') === null,
    );
    expect(fresh).toHaveLength(1);
    expect(await shop.find(orderId)).toMatchObject({ attempt: 1 });
    expect(chargesOf(orderId)).toHaveLength(1);
  });

  test('8 at once with keys of their own: one attempt at a time, one charge', async () => {
    const { orderId } = await order();
    const answers = await Promise.all(Array.from({ length: 8 }, () => pay(orderId, 'pm_card_visa')));
    const codes = answers.filter(({ status }) => status === 409).map(({ body }) => body.code);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set([...codes, 'payment_in_progress', 'payment_already_captured']).size).toBe(2);
    expect(chargesOf(orderId)).toHaveLength(1);
  });

  test('422 with another body, 400 without a key or with one that is none', async () => {
    const { orderId } = await order();
    const same = key();
    await pay(orderId, 'pm_card_chargeDeclined', {}, same);
    const reused = await pay(orderId, 'pm_card_visa', {}, same);
    expect([reused.status, reused.body.code]).toEqual([422, 'idempotency_key_reused']);
    const body = { order_id: orderId, payment_method: 'card' };
    const missing = await shop.request('POST', '/payments', { headers: buyer.headers, body });
    expect([missing.status, missing.body.code]).toEqual([400, 'idempotency_key_required']);
    const short = await pay(orderId, undefined, {}, 'short');
    expect([short.status, short.body.code]).toEqual([400, 'idempotency_key_invalid']);
  });

  test('keys of others never meet', async () => {
    const { orderId } = await order();
    const same = key();
    await pay(orderId, 'pm_card_visa', {}, same);
    const first = buyer;
    buyer = await shop.addBuyer();
    const stranger = await pay(orderId, 'pm_card_visa', {}, same);
    expect([stranger.status, stranger.body.code]).toEqual([404, 'payment_not_found']);
    expect(first.userId).not.toBe(buyer.userId);
  });

  test('who died holding the key is taken over when the lease is over: the same attempt', async () => {
    const { orderId } = await order();
    const same = key();
    shop.failpoint = (name) => {
      if (name === 'after-pi-confirm') throw new Error('crash');
    };
    await pay(orderId, 'pm_card_visa', {}, same);
    shop.failpoint = () => {};
    await shop.sql(
      (tx) =>
        tx.sql`update idempotency_keys set locked_until = now() + interval '10 seconds' where key = ${same}`,
    );
    const early = await pay(orderId, 'pm_card_visa', {}, same);
    expect([early.status, early.body.code]).toEqual([409, 'idempotency_key_in_flight']);
    await shop.sql(
      (tx) =>
        tx.sql`update idempotency_keys set locked_until = now() - interval '1 second' where key = ${same}`,
    );
    const later = await pay(orderId, 'pm_card_visa', {}, same);
    expect([later.status, later.body.status]).toEqual([201, 'succeeded']);
    expect(await shop.find(orderId)).toMatchObject({ attempt: 1, settledAttempt: 1 });
    expect(chargesOf(orderId)).toHaveLength(1);
  });

  test('a key is free again after its day', async () => {
    const { orderId } = await order();
    const same = key();
    await pay(orderId, 'pm_card_chargeDeclined', {}, same);
    await shop.sql(
      (tx) =>
        tx.sql`update idempotency_keys set expires_at = now() - interval '1 second' where key = ${same}`,
    );
    expect((await pay(orderId, 'pm_card_visa', {}, same)).status).toBe(201);
  });
});

describe('POST /payments refuses', () => {
  test('401 and 403', () =>
    expectSignInNeeded(
      shop,
      {
        method: 'POST',
        path: '/payments',
        headers: { 'idempotency-key': key() },
        body: { order_id: 'ord_00000000000000000000000000', payment_method: 'card' },
      },
      'payments:write',
    ));

  test("404: another buyer's order is like none at all, and so is another shop's", async () => {
    const stranger = await shop.addBuyer();
    const { orderId } = await shop.order({ user_id: stranger.userId });
    const foreign = await pay(orderId, 'pm_card_visa');
    const missing = await pay('ord_00000000000000000000000000', 'pm_card_visa');
    expect(foreign.status).toBe(404);
    expect(withoutInstance(foreign)).toEqual(withoutInstance(missing));
    const other = shop.world.addTenant();
    const outsider = await shop.addStaff(other);
    const answer = await shop.request('POST', '/payments', {
      headers: { ...outsider.headers, 'idempotency-key': key() },
      body: { order_id: orderId, payment_method: 'card' },
    });
    expect(withoutInstance(answer)).toEqual(withoutInstance(missing));
    expect(chargesOf(orderId)).toEqual([]);
  });

  test('409: paid, over, ended, out of attempts, another method', async () => {
    const code = async (orderId: string, token?: string, more?: object) => {
      const answer = await pay(orderId, token, more);
      expect(answer.status).toBe(409);
      return answer.body.code;
    };
    const paid = await order('pm_card_visa');
    expect(await code(paid.orderId, 'pm_card_visa')).toBe('payment_already_captured');

    const late = await shop.order({
      user_id: buyer.userId,
      expires_at: new Date(Date.now() - 1000).toISOString(),
    });
    expect(await code(late.orderId, 'pm_card_visa')).toBe('payment_window_over');

    const ended = await order();
    await shop.deliver(orderExpired, { order_id: ended.orderId, expired_at: new Date().toISOString() });
    expect(await code(ended.orderId, 'pm_card_visa')).toBe('payment_canceled');

    const tried = await order();
    for (let count = 0; count < 5; count += 1) await pay(tried.orderId, 'pm_card_chargeDeclined');
    expect(await code(tried.orderId, 'pm_card_visa')).toBe('payment_attempts_exhausted');
    expect(chargesOf(tried.orderId)).toEqual([]);

    const transfer = await shop.order({ user_id: buyer.userId, payment_method: 'transfer' });
    expect(await code(transfer.orderId, 'pm_card_visa')).toBe('payment_method_mismatch');
    expect(await code(transfer.orderId, 'pm_card_visa', { payment_method: 'transfer' })).toBe(
      'payment_token_unused',
    );
  });

  test.each([
    ['no order', { payment_method: 'card' }],
    ['no method', { order_id: 'ord_00000000000000000000000000' }],
    ['another method', { order_id: 'ord_00000000000000000000000000', payment_method: 'cash' }],
    ['a price', { order_id: 'ord_00000000000000000000000000', payment_method: 'card', amount_cents: 1 }],
    ['a status', { order_id: 'ord_00000000000000000000000000', payment_method: 'card', status: 'succeeded' }],
  ])('422: %s', async (_name, body) => {
    const headers = { ...buyer.headers, 'idempotency-key': key() };
    const answer = await shop.request('POST', '/payments', { headers, body });
    expect([answer.status, answer.body.code]).toEqual([422, 'request_invalid']);
  });

  test.each(['4242424242424242', '4242 4242 4242 4242', 'pm_4000000000000002'])(
    '422 for a card number as a token (%s): it is neither kept nor told back',
    async (number) => {
      const { orderId } = await order();
      const answer = await pay(orderId, number);
      expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'payment_token']);
      expect(answer.text).not.toContain(number);
      const kept = await shop.sql(
        (tx) => tx.sql`select payment_token from payments where payment_token = ${number}`,
      );
      expect(kept).toHaveLength(0);
    },
  );

  test('422 for a card number as order id and as key', async () => {
    expect((await pay('4242424242424242', 'pm_card_visa')).status).toBe(422);
    expect((await pay('ord_00000000000000000000000000', undefined, {}, '4242424242424242')).status).toBe(422);
  });
});
