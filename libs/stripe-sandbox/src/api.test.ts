import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStripeSandbox, type StripeSandbox } from './start.ts';
import { testOptions } from './config.ts';

let sandbox: StripeSandbox;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startStripeSandbox(testOptions());
  stripe = clientOf(sandbox);
});
afterAll(() => sandbox[Symbol.asyncDispose]());

function clientOf({ port }: StripeSandbox, settings: { maxNetworkRetries?: number; timeout?: number } = {}) {
  return new Stripe('sk_test_sandbox', {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
    ...settings,
  });
}

const purchase = { amount: 1999, currency: 'eur', allowed_payment_method_types: ['card'] };
const pay = (payment_method: string, more: object = {}) =>
  stripe.paymentIntents.create({ ...purchase, confirm: true, payment_method, ...more });
const failure = async (promise: Promise<unknown>): Promise<Stripe.errors.StripeError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Stripe.errors.StripeError)) throw new Error('no Stripe error was thrown');
  return error;
};

describe('payment intents', () => {
  test.each(['pm_card_visa', 'pm_card_mastercard'])('%s is charged at once', async (card) => {
    const intent = await pay(card, { metadata: { order_id: 'ord_1' }, expand: ['latest_charge'] });
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 1999, livemode: false });
    expect(intent.latest_charge).toMatchObject({
      paid: true,
      amount_captured: 1999,
      metadata: { order_id: 'ord_1' },
    });
    const again = await stripe.paymentIntents.retrieve(intent.id);
    expect(again.latest_charge).toMatch(/^ch_3/);
    const chargeId = typeof again.latest_charge === 'string' ? again.latest_charge : '';
    expect((await stripe.charges.retrieve(chargeId)).payment_intent).toBe(intent.id);
  });

  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
  ])('%s is declined, and another card may follow', async (card, code, declineCode) => {
    const error = await failure(pay(card));
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    const intent = error.payment_intent;
    expect(intent).toMatchObject({ status: 'requires_payment_method', last_payment_error: { code } });
    const paid = await stripe.paymentIntents.confirm(intent?.id ?? '', { payment_method: 'pm_card_visa' });
    expect(paid).toMatchObject({ status: 'succeeded', last_payment_error: null });
  });

  test('without a payment method it waits; the browser confirms with the client secret', async () => {
    const intent = await stripe.paymentIntents.create(purchase);
    expect(intent).toMatchObject({ status: 'requires_payment_method', latest_charge: null });
    const confirm = (secret: string) =>
      fetch(`${sandbox.url}/v1/payment_intents/${intent.id}/confirm`, {
        method: 'POST',
        headers: { authorization: 'Bearer pk_test_browser' },
        body: new URLSearchParams({ payment_method: 'pm_card_visa', client_secret: secret }),
      });
    expect((await confirm('wrong')).status).toBe(401);
    expect((await confirm(intent.client_secret ?? '')).status).toBe(200);
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('succeeded');
  });

  test('cancel ends it once, and never after a capture', async () => {
    const intent = await stripe.paymentIntents.create(purchase);
    const canceled = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' });
    expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
    for (const call of [
      () => stripe.paymentIntents.cancel(intent.id),
      () => stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' }),
    ]) {
      expect(await failure(call())).toMatchObject({
        statusCode: 400,
        code: 'payment_intent_unexpected_state',
      });
    }
    const paid = await pay('pm_card_visa');
    const error = await failure(stripe.paymentIntents.cancel(paid.id));
    expect(error).toMatchObject({
      code: 'payment_intent_unexpected_state',
      payment_intent: { status: 'succeeded' },
    });
  });

  test('lists are newest first, with cursors and a created filter', async () => {
    const created: string[] = [];
    for (let count = 0; count < 3; count += 1)
      created.unshift((await stripe.paymentIntents.create(purchase)).id);
    const first = await stripe.paymentIntents.list({ limit: 2 });
    expect(first).toMatchObject({ has_more: true, data: [{ id: created[0] }, { id: created[1] }] });
    const next = await stripe.paymentIntents.list({ limit: 1, starting_after: created[1] ?? '' });
    expect(next.data[0]?.id).toBe(created[2]);
    const before = await stripe.paymentIntents.list({ limit: 1, ending_before: created[2] ?? '' });
    expect(before.data[0]?.id).toBe(created[1]);
    const future = await stripe.paymentIntents.list({ created: { gt: Math.floor(Date.now() / 1000) + 60 } });
    expect(future.data).toEqual([]);
    const all: string[] = [];
    for await (const intent of stripe.paymentIntents.list({ limit: 1 })) all.push(intent.id);
    expect(all.slice(0, 3)).toEqual(created);
  });
});

describe('3-D Secure', () => {
  const returning = { return_url: 'https://shop.example/back' };

  test('redirects to a page; completing it captures', async () => {
    const intent = await pay('pm_card_threeDSecure2Required', returning);
    expect(intent).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } });
    const url = intent.next_action?.redirect_to_url?.url ?? '';
    expect(await (await fetch(url)).text()).toContain('Complete authentication');
    const answer = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ outcome: 'complete' }),
      redirect: 'manual',
    });
    expect(answer.headers.get('location')).toContain('redirect_status=succeeded');
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('succeeded');
    expect((await fetch(url.replace(/client_secret=.*/, 'client_secret=guess'))).status).toBe(404);
  });

  test('failing it leaves the intent open with the reason', async () => {
    const intent = await pay('pm_card_authenticationRequired', returning);
    expect(sandbox.authenticate(intent.id, 'fail')).toBe('requires_payment_method');
    const after = await stripe.paymentIntents.retrieve(intent.id);
    expect(after.last_payment_error?.code).toBe('payment_intent_authentication_failure');
  });

  test('the bank may still decline after it, and without a return_url the SDK is to act', async () => {
    const intent = await pay('pm_card_threeDSecureRequiredChargeDeclined');
    expect(intent.next_action?.type).toBe('use_stripe_sdk');
    expect(sandbox.authenticate(intent.id, 'complete')).toBe('requires_payment_method');
  });
});

describe('refusals', () => {
  test.each([
    ['no amount', {}, 'parameter_missing', 400],
    ['a fraction', { amount: '1.5', currency: 'eur' }, 'parameter_invalid_integer', 400],
    ['an unknown parameter', { amount: 500, currency: 'eur', colour: 'red' }, 'parameter_unknown', 400],
    [
      'one of an older version',
      { amount: 500, currency: 'eur', payment_method_types: ['card'] },
      'parameter_unknown',
      400,
    ],
    ['too little', { amount: 49, currency: 'eur' }, 'amount_too_small', 400],
    ['too much', { amount: 100_000_000, currency: 'eur' }, 'amount_too_large', 400],
    [
      'a third decimal',
      { amount: 1234, currency: 'kwd' },
      'invalid_charge_amount_no_decimal_compatible',
      400,
    ],
    [
      'a fraction of a krona',
      { amount: 1050, currency: 'isk' },
      'invalid_charge_amount_no_decimal_compatible',
      400,
    ],
    ['no such card', { amount: 500, currency: 'eur', payment_method: 'pm_nobody' }, 'resource_missing', 400],
  ])('%s', async (_name, params, code, status) => {
    const count = sandbox.journal().length;
    const error = await failure(stripe.paymentIntents.create(params as never));
    expect(error).toMatchObject({ statusCode: status, code, type: 'StripeInvalidRequestError' });
    expect(error.requestId).toMatch(/^req_/);
    expect(sandbox.journal()).toHaveLength(count);
  });

  test('a wrong key, no key, a wrong version, no such thing', async () => {
    const stranger = new Stripe('sk_test_wrong', { host: '127.0.0.1', port: sandbox.port, protocol: 'http' });
    expect(await failure(stranger.balance.retrieve())).toBeInstanceOf(
      Stripe.errors.StripeAuthenticationError,
    );
    expect((await fetch(`${sandbox.url}/v1/balance`)).status).toBe(401);
    expect(await failure(stripe.paymentIntents.retrieve('pi_nobody'))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    const headers = { authorization: 'Bearer sk_test_sandbox' };
    expect((await fetch(`${sandbox.url}/v1/coupons`, { headers })).status).toBe(404);
    for (const version of ['latest', '2025-01-27.acacia']) {
      const odd = await fetch(`${sandbox.url}/v1/balance`, {
        headers: { ...headers, 'stripe-version': version },
      });
      expect(odd.status).toBe(400);
    }
  });
});

describe('refunds', () => {
  test('in parts, never more than was charged', async () => {
    const intent = await pay('pm_card_visa');
    const first = await stripe.refunds.create({
      payment_intent: intent.id,
      amount: 999,
      metadata: { refund_id: 'ref_1' },
    });
    expect(first).toMatchObject({ status: 'succeeded', amount: 999, metadata: { refund_id: 'ref_1' } });
    const tooMuch = await failure(stripe.refunds.create({ payment_intent: intent.id, amount: 1001 }));
    expect(tooMuch.message).toContain('greater than unrefunded amount');
    expect((await stripe.refunds.create({ payment_intent: intent.id })).amount).toBe(1000);
    expect(await failure(stripe.refunds.create({ payment_intent: intent.id }))).toMatchObject({
      code: 'charge_already_refunded',
    });
    const listed = await stripe.refunds.list({ payment_intent: intent.id });
    expect(listed.data.map(({ amount }) => amount)).toEqual([1000, 999]);
    expect((await stripe.refunds.retrieve(first.id)).id).toBe(first.id);
  });

  test('one that ends later, and one that comes back', async () => {
    const slow = await stripe.refunds.create({ payment_intent: (await pay('pm_card_pendingRefund')).id });
    expect(slow.status).toBe('pending');
    sandbox.finishRefund(slow.id, 'succeeded');
    expect((await stripe.refunds.retrieve(slow.id)).status).toBe('succeeded');
    const intent = await pay('pm_card_refundFail');
    const lost = await stripe.refunds.create({ payment_intent: intent.id });
    sandbox.finishRefund(lost.id, 'failed');
    expect(await stripe.refunds.retrieve(lost.id)).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
    });
    expect((await stripe.refunds.create({ payment_intent: intent.id })).amount).toBe(1999);
  });

  test('an intent without a charge has nothing to give back', async () => {
    const intent = await stripe.paymentIntents.create(purchase);
    expect((await failure(stripe.refunds.create({ payment_intent: intent.id }))).statusCode).toBe(400);
  });
});

test('the balance is the sum of its transactions, fees taken off', async () => {
  await using other = await startStripeSandbox(testOptions());
  const client = clientOf(other);
  const intent = await client.paymentIntents.create({
    ...purchase,
    confirm: true,
    payment_method: 'pm_card_visa',
  });
  await client.refunds.create({ payment_intent: intent.id, amount: 500 });
  const transactions = await client.balanceTransactions.list({ expand: ['data.source'] });
  expect(transactions.data.map(({ type, amount, fee }) => ({ type, amount, fee }))).toEqual([
    { type: 'refund', amount: -500, fee: 0 },
    { type: 'charge', amount: 1999, fee: 88 },
  ]);
  expect(transactions.data[1]?.source).toMatchObject({ object: 'charge', payment_intent: intent.id });
  expect((await client.balance.retrieve()).available).toMatchObject([{ amount: 1411, currency: 'eur' }]);
});

test('the journal tells what was charged and given back', async () => {
  const intent = await pay('pm_card_visa', { metadata: { order_id: 'ord_journal', tenant: 'acme' } });
  await stripe.refunds.create({ payment_intent: intent.id });
  const answer = await fetch(`${sandbox.url}/sandbox/journal?order_id=ord_journal`);
  const { data } = (await answer.json()) as { data: { type: string; amount: number; metadata: object }[] };
  expect(data.map(({ type, amount }) => `${type} ${amount}`)).toEqual([
    'payment_intent.created 1999',
    'charge.succeeded 1999',
    'refund.created 1999',
  ]);
  expect(sandbox.journal({ tenant: 'acme' })).toHaveLength(3);
});

test('behind another address: it is healthy without a key, and its pages are linked to under that address', async () => {
  await using behind = await startStripeSandbox(testOptions({ publicUrl: 'https://pay.example' }));
  const health = await fetch(`http://127.0.0.1:${behind.port}/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  const intent = await clientOf(behind).paymentIntents.create({
    ...purchase,
    confirm: true,
    payment_method: 'pm_card_threeDSecure2Required',
    return_url: 'https://shop.example/',
  });
  expect(intent.next_action?.redirect_to_url?.url).toMatch(
    /^https:\/\/pay\.example\/sandbox\/authenticate\/pi_/,
  );
});
