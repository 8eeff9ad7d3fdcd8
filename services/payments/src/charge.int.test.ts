import { orderCreated } from '@zoco/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced, journalsOf } from '../fixtures/ledger.ts';
import { newOrder } from '../fixtures/order.ts';
import { openShop, type Shop } from '../fixtures/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
});

const chargesOf = (orderId: string) => shop.sandbox.journal({ order_id: orderId, type: 'charge.succeeded' });

describe('order.created by card with a token', () => {
  test('is charged by one call, booked and told', async () => {
    const { orderId, payment } = await shop.order({ payment_token: 'pm_card_visa' });
    expect(payment).toMatchObject({
      status: 'succeeded',
      capturedCents: 2948,
      paymentToken: null,
      dueAt: null,
      settledAttempt: 1,
    });
    expect(chargesOf(orderId)).toMatchObject([
      {
        amount: 2948,
        currency: 'eur',
        metadata: { tenant: shop.tenant.id, order_id: orderId, payment_id: payment.id, env: 'test' },
        idempotency_key: `pi:test:${orderId}:v1`,
      },
    ]);
    expect(await journalsOf(shop, orderId)).toEqual([
      { kind: 'capture', stripe_clearing: 2948, revenue: -2835, tax_payable: -113 },
    ]);
    expect(await shop.eventsOf(payment.id)).toMatchObject([
      {
        type: 'payment.created',
        version: 1,
        data: { order_id: orderId, amount_cents: 2948, method: 'card' },
      },
      {
        type: 'payment.succeeded',
        version: 2,
        data: { payment_id: payment.id, succeeded_at: expect.any(String) },
      },
    ]);
    await expectBalanced(shop);
  });

  test('the same event again starts nothing', async () => {
    const order = newOrder({ payment_token: 'pm_card_visa' });
    await shop.deliver(orderCreated, order);
    await shop.deliver(orderCreated, order);
    expect(chargesOf(order.order_id)).toHaveLength(1);
    expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
  });

  test.each([
    ['pm_card_chargeDeclined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error'],
  ])('%s leaves it open and tells why', async (token, code) => {
    const { payment } = await shop.order({ payment_token: token });
    expect(payment).toMatchObject({
      status: 'requires_payment_method',
      errorCode: code,
      failures: 1,
      attempt: 1,
      settledAttempt: 1,
      capturedCents: 0,
    });
    expect((await shop.eventsOf(payment.id)).at(-1)).toMatchObject({
      type: 'payment.failed',
      data: { attempt: 1, code, detail: expect.any(String) },
    });
  });

  test('a token that the provider does not know is a failed attempt; an intent for the next one is there', async () => {
    const { orderId, payment } = await shop.order({ payment_token: 'pm_nobody' });
    expect(payment).toMatchObject({
      status: 'requires_payment_method',
      errorCode: 'resource_missing',
      keyVersion: 2,
      confirmOnCreate: false,
      intentId: expect.stringMatching(/^pi_/),
    });
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.failed']);
  });

  test('3-D Secure waits for the buyer, with the place to go', async () => {
    const { payment } = await shop.order({ payment_token: 'pm_card_threeDSecure2Required' });
    expect(payment).toMatchObject({ status: 'requires_action' });
    expect(payment.nextActionUrl).toContain('/sandbox/authenticate/');
    expect(await shop.toldOf(payment.orderId)).toEqual(['payment.created']);
  });
});

test('by card without a token an intent waits for the buyer', async () => {
  const { orderId, payment } = await shop.order();
  expect(payment).toMatchObject({
    status: 'requires_payment_method',
    attempt: 0,
    intentId: expect.any(String),
  });
  expect(chargesOf(orderId)).toEqual([]);
  expect(await shop.toldOf(orderId)).toEqual(['payment.created']);
});

test.each(['transfer', 'on_account'] as const)(
  'by %s nobody is asked; it waits for staff',
  async (method) => {
    const { orderId, payment } = await shop.order({ payment_method: method });
    expect(payment).toMatchObject({ status: 'pending', method, dueAt: null, intentId: null });
    expect(shop.sandbox.journal({ order_id: orderId })).toEqual([]);
  },
);

test('what costs nothing is paid', async () => {
  const { orderId, payment } = await shop.order({
    total_cents: 0,
    tax_cents: 0,
    payment_token: 'pm_card_visa',
  });
  expect(payment).toMatchObject({ status: 'succeeded', intentId: null });
  expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.succeeded']);
  expect(shop.sandbox.journal({ order_id: orderId })).toEqual([]);
});

describe('currencies with other decimals', () => {
  test.each([
    ['JPY', 2948, 2948],
    ['KWD', 29_480, 29_480],
    ['ISK', 2948, 294_800],
  ])('%s: %i is charged as %i', async (currency, cents, charged) => {
    const { orderId, payment } = await shop.order({
      currency,
      total_cents: cents,
      tax_cents: 0,
      payment_token: 'pm_card_visa',
    });
    expect(payment.status).toBe('succeeded');
    expect(chargesOf(orderId)).toMatchObject([{ amount: charged, currency: currency.toLowerCase() }]);
  });

  test('an amount that cards cannot pay is a refusal, not a rounding', async () => {
    const { orderId, payment } = await shop.order({
      currency: 'KWD',
      total_cents: 29_481,
      tax_cents: 0,
      payment_token: 'pm_card_visa',
    });
    expect(payment).toMatchObject({ status: 'requires_payment_method', errorCode: 'amount_unsupported' });
    expect(shop.sandbox.journal({ order_id: orderId })).toEqual([]);
  });
});
