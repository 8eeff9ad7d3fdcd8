import { orderCanceled, orderCancelRequested, orderCreated, orderExpired } from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced, journalsOf } from '../fixtures/ledger.ts';
import { newOrder } from '../fixtures/order.ts';
import { openShop, type Shop } from '../fixtures/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ timeoutMs: 300 });
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
});

const voidOf = (orderId: string) => shop.callAs('orders', `/internal/payments/${orderId}/void`);
const outcome = async (orderId: string) => {
  const { status, body } = await voidOf(orderId);
  return [status, body.outcome ?? body.code];
};
const journal = (orderId: string, type: string) => shop.sandbox.journal({ order_id: orderId, type });
const now = () => new Date().toISOString();
const cancelRequested = (orderId: Id<'order'>) =>
  shop.deliver(orderCancelRequested, { order_id: orderId, reason: 'buyer_request', requested_at: now() });
const expired = (orderId: Id<'order'>) =>
  shop.deliver(orderExpired, { order_id: orderId, expired_at: now() });
const canceled = (orderId: Id<'order'>, wasConfirmed = false) =>
  shop.deliver(orderCanceled, {
    order_id: orderId,
    reason: 'buyer_request',
    was_confirmed: wasConfirmed,
    canceled_at: now(),
  });

/** A create whose answer nobody saved, for lack of a process. */
async function lost(token: string | null, kind?: 'before-pi-create' | 'after-pi-create-before-save') {
  const order = newOrder({ payment_token: token });
  shop.failpoint = (name) => {
    if (name === (kind ?? 'after-pi-create-before-save')) throw new Error('crash');
  };
  await shop.deliver(orderCreated, order);
  shop.failpoint = () => {};
  return order.order_id;
}

describe('POST /internal/payments/{order_id}/void', () => {
  test('voided: ended at Stripe first; repeating it says the same', async () => {
    const { orderId, payment } = await shop.order();
    expect(await outcome(orderId)).toEqual([200, 'voided']);
    expect(await outcome(orderId)).toEqual([200, 'voided']);
    expect(journal(orderId, 'payment_intent.canceled')).toHaveLength(1);
    expect(await shop.find(orderId)).toMatchObject({ status: 'canceled', cancelReason: 'order_voided' });
    expect((await shop.eventsOf(payment.id)).at(-1)).toMatchObject({
      type: 'payment.canceled',
      data: { reason: 'order_voided' },
    });
  });

  test.each(['transfer', 'on_account'] as const)('voided by %s without asking anybody', async (method) => {
    const { orderId } = await shop.order({ payment_method: method });
    expect(await outcome(orderId)).toEqual([200, 'voided']);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.canceled']);
  });

  test('captured: the money was there first', async () => {
    const { orderId } = await shop.order({ payment_token: 'pm_card_visa' });
    expect(await outcome(orderId)).toEqual([200, 'captured']);
  });

  test('captured, though nobody here had heard of it: it is booked and told', async () => {
    const { orderId, payment } = await shop.order();
    await shop.stripe.paymentIntents.confirm(payment.intentId ?? '', { payment_method: 'pm_card_visa' });
    expect(await outcome(orderId)).toEqual([200, 'captured']);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.succeeded']);
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded', cancelReason: null });
  });

  test('before any payment exists: a late order.created starts nothing, ever', async () => {
    const order = newOrder({ payment_token: 'pm_card_visa' });
    expect(await outcome(order.order_id)).toEqual([200, 'voided']);
    expect(await outcome(order.order_id)).toEqual([200, 'voided']);
    await shop.deliver(orderCreated, order);
    await shop.passTime();
    expect(shop.sandbox.journal({ order_id: order.order_id })).toEqual([]);
    expect(await shop.toldOf(order.order_id)).toEqual([]);
  });

  test('a create that may never have been sent: its key is used up, and it can no longer charge', async () => {
    const orderId = await lost('pm_card_visa', 'before-pi-create');
    expect(await outcome(orderId)).toEqual([200, 'voided']);
    expect(journal(orderId, 'charge.succeeded')).toEqual([]);
    expect(journal(orderId, 'payment_intent.canceled')).toHaveLength(1);
    // The process that slept before its call wakes up and makes it.
    const payment = await shop.find(orderId);
    const late = await shop.deps.stripe.createIntent(payment, 'pm_card_visa');
    expect(late.kind).toBe('key_taken');
    expect(journal(orderId, 'charge.succeeded')).toEqual([]);
  });

  test.each([
    ['pm_card_visa', 'captured'],
    ['pm_card_chargeDeclined', 'voided'],
    ['pm_card_threeDSecure2Required', 'voided'],
    [null, 'voided'],
  ])('a create whose answer was lost (%s): %s', async (token, expected) => {
    const orderId = await lost(token);
    expect(await outcome(orderId)).toEqual([200, expected]);
    expect(journal(orderId, 'payment_intent.created')).toHaveLength(1);
    expect(journal(orderId, 'charge.succeeded')).toHaveLength(expected === 'captured' ? 1 : 0);
  });

  test('a create that Stripe answered with a 500 it keeps: the list tells', async () => {
    for (const [kind, expected] of [
      ['commit_then_500', 'captured'],
      ['fail_500', 'voided'],
    ] as const) {
      const order = newOrder({ payment_token: 'pm_card_visa' });
      shop.sandbox.addFault({ kind, order_id: order.order_id });
      await shop.deliver(orderCreated, order);
      expect(await outcome(order.order_id)).toEqual([200, expected]);
    }
  });

  test('503 while the outcome is unknown: nothing is claimed; asked again it is known', async () => {
    const { orderId } = await shop.order();
    shop.sandbox.addFault({ kind: 'unavailable', order_id: orderId, times: 3 });
    expect(await outcome(orderId)).toEqual([503, 'payment_outcome_unknown']);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created']);
    shop.sandbox.clearFaults();
    expect(await outcome(orderId)).toEqual([200, 'voided']);
  });

  test('nothing can be paid once it is being voided', async () => {
    const buyer = await shop.addBuyer();
    const { orderId } = await shop.order({ user_id: buyer.userId });
    shop.sandbox.addFault({ kind: 'unavailable', order_id: orderId, times: 3 });
    await voidOf(orderId);
    const answer = await shop.request('POST', '/payments', {
      headers: { ...buyer.headers, 'idempotency-key': `key-${newId('event')}` },
      body: { order_id: orderId, payment_method: 'card', payment_token: 'pm_card_visa' },
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'payment_canceled']);
  });

  test('races with order.created and with an attempt: whatever is said is true', async () => {
    for (let round = 0; round < 15; round += 1) {
      const order = newOrder({ payment_token: round % 2 === 0 ? 'pm_card_visa' : 'pm_card_chargeDeclined' });
      const [, answers] = await Promise.all([
        shop.deliver(orderCreated, order),
        Promise.all([voidOf(order.order_id), voidOf(order.order_id)]),
      ]);
      await shop.passTime();
      const { body } = await voidOf(order.order_id);
      const charged = journal(order.order_id, 'charge.succeeded').length;
      expect(charged).toBe(body.outcome === 'captured' ? 1 : 0);
      const said = answers.map((answer) => (answer.status === 503 ? 'unknown' : answer.body.outcome));
      expect([body.outcome, 'unknown']).toEqual(expect.arrayContaining(said));
      expect(await shop.refundsOf(order.order_id)).toEqual([]);
    }
    await expectBalanced(shop);
  });

  test('401 without a service token, 403 for a service that the call graph does not name, 422 for no order id', async () => {
    const path = `/internal/payments/${newId('order')}/void`;
    const staff = await shop.addStaff();
    for (const headers of [{}, staff.headers]) {
      expect((await shop.request('POST', path, { headers })).status).toBe(401);
    }
    expect((await shop.callAs('cart', path)).body.code).toBe('caller_not_allowed');
    expect((await shop.callAs('orders', '/internal/payments/nonsense/void')).status).toBe(422);
  });
});

describe('order.cancel_requested', () => {
  test('captured: all of it goes back', async () => {
    const { orderId, payment } = await shop.order({ payment_token: 'pm_card_visa' });
    await cancelRequested(orderId);
    await cancelRequested(orderId);
    expect(journal(orderId, 'refund.created')).toMatchObject([{ amount: 2948 }]);
    expect((await shop.eventsOf(payment.id)).at(-1)).toMatchObject({
      type: 'payment.refunded',
      data: { refund_cents: 2948, refunded_total_cents: 2948, reason: 'order_canceled' },
    });
    await canceled(orderId, true);
    expect(journal(orderId, 'refund.created')).toHaveLength(1);
    await expectBalanced(shop);
  });

  test('refunded in part before: the rest goes back', async () => {
    const { orderId, payment } = await shop.order({ payment_token: 'pm_card_visa' });
    const staff = await shop.addStaff();
    await shop.request('POST', `/payments/${payment.id}/refunds`, {
      headers: { ...staff.headers, 'idempotency-key': 'a-part-of-it-first' },
      body: { reason: 'damaged', amount_cents: 948 },
    });
    await cancelRequested(orderId);
    expect(journal(orderId, 'refund.created').map(({ amount }) => amount)).toEqual([948, 2000]);
    expect((await shop.eventsOf(payment.id)).at(-1)?.data.refunded_total_cents).toBe(2948);
  });

  test.each(['transfer', 'on_account'] as const)('%s without money: the payment ends', async (method) => {
    const { orderId } = await shop.order({ payment_method: method });
    await cancelRequested(orderId);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.canceled']);
  });

  test('a transfer that had arrived goes back', async () => {
    const { orderId, payment } = await shop.order({ payment_method: 'transfer' });
    const staff = await shop.addStaff();
    await shop.request('POST', `/payments/${payment.id}/settle`, { headers: staff.headers, body: {} });
    await cancelRequested(orderId);
    expect((await journalsOf(shop, orderId)).at(-1)).toMatchObject({ kind: 'refund', bank: -2948 });
    expect((await shop.toldOf(orderId)).at(-1)).toBe('payment.refunded');
  });

  test('a payment that ended before says so once more: nothing else would end the wait', async () => {
    const { orderId } = await shop.order({ payment_method: 'on_account' });
    await voidOf(orderId);
    await cancelRequested(orderId);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.canceled', 'payment.canceled']);
  });

  test('before order.created was handled: tried again later', async () => {
    const failing = cancelRequested(newId('order'));
    await expect(failing).rejects.toThrow(expect.objectContaining({ kind: 'unavailable' }));
  });

  test('a refund that Stripe refuses is tried again, for ever', async () => {
    const { orderId } = await shop.order({ payment_token: 'pm_card_visa' });
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'refunds.create', times: 6 });
    await cancelRequested(orderId);
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending' }]);
    await shop.passTime();
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded' }]);
  });
});

describe('order.expired and order.canceled', () => {
  test('what is still open is ended; repeating it changes nothing', async () => {
    const { orderId } = await shop.order();
    await expired(orderId);
    await expired(orderId);
    await canceled(orderId);
    expect(await shop.find(orderId)).toMatchObject({ status: 'canceled', cancelReason: 'order_expired' });
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.canceled']);
    expect(journal(orderId, 'payment_intent.canceled')).toHaveLength(1);
  });

  test('before order.created: nothing starts', async () => {
    const order = newOrder({ payment_token: 'pm_card_visa' });
    await expired(order.order_id);
    await shop.deliver(orderCreated, order);
    expect(shop.sandbox.journal({ order_id: order.order_id })).toEqual([]);
  });

  test('captured and not given back: it goes back', async () => {
    const { orderId } = await shop.order({ payment_token: 'pm_card_visa' });
    await expired(orderId);
    expect(journal(orderId, 'refund.created')).toMatchObject([{ amount: 2948 }]);
    expect(await shop.find(orderId)).toMatchObject({ status: 'refunded' });
    await expectBalanced(shop);
  });

  test("money that comes after the end is the buyer's: booked as theirs, sent back, not told as paid", async () => {
    const { orderId, payment } = await shop.order();
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'payment_intents.cancel', times: 3 });
    await expired(orderId);
    await shop.stripe.paymentIntents.confirm(payment.intentId ?? '', { payment_method: 'pm_card_visa' });
    await shop.passTime();
    await shop.passTime();
    expect(await shop.find(orderId)).toMatchObject({ status: 'canceled', capturedCents: 0 });
    expect(await journalsOf(shop, orderId)).toEqual([
      { kind: 'late_capture', stripe_clearing: 2948, customer_suspense: -2948 },
      { kind: 'late_refund', stripe_clearing: -2948, customer_suspense: 2948 },
    ]);
    expect(journal(orderId, 'refund.created')).toMatchObject([
      { amount: 2948, idempotency_key: `re:test:${payment.intentId}:late:v1` },
    ]);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.canceled']);
    await expectBalanced(shop);
  });

  test('a charge of a process that slept through the end is given back', async () => {
    const orderId = await lost('pm_card_visa');
    await shop.sql(
      (tx) => tx.sql`
      update payments set status = 'canceled', canceled_at = now(), order_ended = true where order_id = ${orderId}`,
    );
    const { id } = await shop.find(orderId);
    const [charge] = journal(orderId, 'charge.succeeded');
    for (const event of await shop.stripeEvents(charge?.payment_intent ?? '')) await shop.sendHook(event);
    await shop.sql((tx) => tx.sql`update payments set due_at = now() where id = ${id}`);
    await shop.passTime();
    expect(journal(orderId, 'refund.created')).toHaveLength(1);
    await expectBalanced(shop);
  });
});
