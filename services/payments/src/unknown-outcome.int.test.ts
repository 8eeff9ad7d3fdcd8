import { orderCreated } from '@zoco/contracts';
import { type Id, isId, newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced } from '../fixtures/ledger.ts';
import { newOrder } from '../fixtures/order.ts';
import { openShop, type Shop } from '../fixtures/shop.ts';
import { advancePayment } from './actions/advance-payment.ts';
import type { PaymentDeps } from './payment-deps.ts';
import { createStripeCalls } from './stripe-calls.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ timeoutMs: 150 });
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
});

const charges = (orderId: string) => shop.sandbox.journal({ order_id: orderId, type: 'charge.succeeded' });
const intents = (orderId: string) =>
  shop.sandbox.journal({ order_id: orderId, type: 'payment_intent.created' });

const visa = () => newOrder({ payment_token: 'pm_card_visa' });

/** A replica of its own, some of whose calls to Stripe are watched. */
const deps = (calls: Partial<PaymentDeps['stripe']>): PaymentDeps => ({
  ...shop.deps,
  stripe: { ...shop.deps.stripe, ...calls },
});

/** Ends the work at a failpoint, as a crash would, once. */
function crashAt(name: string): void {
  shop.failpoint = (point) => {
    if (point !== name) return;
    shop.failpoint = () => {};
    throw new Error(`crash at ${name}`);
  };
}

describe('the answer to the create is lost', () => {
  test('commit_then_500: the charge is found later, and there is one', async () => {
    const order = visa();
    shop.sandbox.addFault({ kind: 'commit_then_500', order_id: order.order_id });
    await shop.deliver(orderCreated, order);
    expect(charges(order.order_id)).toHaveLength(1);
    expect(await shop.toldOf(order.order_id)).toEqual(['payment.created']);
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', keyVersion: 1 });
    expect(charges(order.order_id)).toHaveLength(1);
    expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
    await expectBalanced(shop);
  });

  test.each(['commit_then_hang', 'commit_then_drop'] as const)(
    '%s: asked again with the same key, charged once',
    async (kind) => {
      const order = visa();
      shop.sandbox.addFault({ kind, order_id: order.order_id });
      await shop.deliver(orderCreated, order);
      await shop.passTime();
      expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', keyVersion: 1 });
      expect(charges(order.order_id)).toHaveLength(1);
      expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
    },
  );

  test('a call that goes on at Stripe after we gave it up: its key is in use, then it is found', async () => {
    const order = visa();
    shop.sandbox.addFault({ kind: 'stall', order_id: order.order_id, delay_ms: 3000 });
    await shop.deliver(orderCreated, order);
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'pending', intentId: null });
    await expect.poll(() => charges(order.order_id), { timeout: 10_000 }).toHaveLength(1);
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded' });
    expect(intents(order.order_id)).toHaveLength(1);
  });

  test('a kept 500 of a create that did nothing: no intent is found, so a new key is safe', async () => {
    const order = visa();
    shop.sandbox.addFault({ kind: 'fail_500', order_id: order.order_id });
    await shop.deliver(orderCreated, order);
    expect(intents(order.order_id)).toEqual([]);
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', keyVersion: 2 });
    expect(charges(order.order_id)).toMatchObject([{ idempotency_key: `pi:test:${order.order_id}:v2` }]);
  });

  test('a kept 500 of a decline: the intent is found, and the decline told once', async () => {
    const order = newOrder({ payment_token: 'pm_card_chargeDeclined' });
    shop.sandbox.addFault({ kind: 'commit_then_500', order_id: order.order_id });
    await shop.deliver(orderCreated, order);
    await shop.passTime();
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'requires_payment_method', failures: 1 });
    expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.failed']);
    expect(intents(order.order_id)).toHaveLength(1);
  });

  test('after 23 hours the key may be forgotten: the provider is searched before anything is created', async () => {
    await using short = await openShop({ sandbox: { keyTtlSeconds: 0 } });
    const order = visa();
    short.sandbox.addFault({ kind: 'commit_then_500', order_id: order.order_id });
    await short.deliver(orderCreated, order);
    await short.sql(
      (tx) => tx.sql`update payments set intent_called_at = now() - interval '23 hours 1 minute'`,
    );
    await short.passTime();
    expect(await short.find(order.order_id)).toMatchObject({ status: 'succeeded' });
    expect(short.sandbox.journal({ type: 'charge.succeeded' })).toHaveLength(1);
  });
});

describe('the create was sent with parameters that have changed since', () => {
  const newer = () =>
    deps(
      createStripeCalls({
        stripe: shop.stripe,
        environment: 'test',
        returnUrl: 'https://shop.example/elsewhere',
      }),
    );

  test('it is under way still: to find nothing proves nothing', async () => {
    const order = visa();
    shop.sandbox.addFault({ kind: 'stall', order_id: order.order_id, delay_ms: 3000 });
    await shop.deliver(orderCreated, order);
    const { id } = await shop.find(order.order_id);
    await advancePayment(newer(), shop.tenant.id, id);
    expect(await shop.find(order.order_id)).toMatchObject({ keyVersion: 1, intentId: null });
    await expect.poll(() => charges(order.order_id), { timeout: 10_000 }).toHaveLength(1);
    await advancePayment(newer(), shop.tenant.id, id);
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', keyVersion: 1 });
    expect(charges(order.order_id)).toHaveLength(1);
  });

  test('it ended long ago and made nothing: a new key is safe', async () => {
    const order = visa();
    shop.sandbox.addFault({ kind: 'fail_500', order_id: order.order_id });
    await shop.deliver(orderCreated, order);
    const { id } = await shop.find(order.order_id);
    await shop.sql(
      (tx) => tx.sql`
        update payments set intent_called_at = now() - interval '6 minutes' where id = ${id}`,
    );
    await advancePayment(newer(), shop.tenant.id, id);
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', keyVersion: 2 });
    expect(charges(order.order_id)).toHaveLength(1);
  });
});

test('an old order that comes again, to books that lost its payment, is not charged again', async () => {
  const order = newOrder({ payment_token: 'pm_card_visa', order_id: orderIdOf(Date.now() - 24 * 3600_000) });
  await shop.stripe.paymentIntents.create({
    amount: order.total_cents,
    currency: order.currency.toLowerCase(),
    confirm: true,
    payment_method: 'pm_card_visa',
    metadata: { tenant: shop.tenant.id, order_id: order.order_id, env: 'test' },
  });
  await shop.deliver(orderCreated, order);
  expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded' });
  expect(charges(order.order_id)).toHaveLength(1);
});

/** An id as it was made then: its first ten letters are the time. */
function orderIdOf(madeMs: number): Id<'order'> {
  const id = newId('order');
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  const time = Array.from({ length: 10 }, (_, place) => digits[Math.floor(madeMs / 32 ** (9 - place)) % 32]);
  const old = `ord_${time.join('')}${id.slice('ord_'.length + time.length)}`;
  if (!isId('order', old)) throw new Error('not an id');
  return old;
}

describe('Stripe says nothing of use', () => {
  test.each(['unavailable', 'rate_limit'] as const)('%s: asked again later', async (kind) => {
    const order = visa();
    shop.sandbox.addFault({ kind, order_id: order.order_id, times: 3 });
    await shop.deliver(orderCreated, order);
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'pending', failures: 0 });
    shop.sandbox.clearFaults();
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded' });
  });

  test('each look that brings nothing waits longer for the next, up to the maximum', async () => {
    const order = visa();
    shop.sandbox.addFault({ kind: 'unavailable', order_id: order.order_id, times: 1000 });
    await shop.deliver(orderCreated, order);
    const waits: number[] = [];
    for (let looks = 0; looks < 3; looks += 1) {
      const [row] = await shop.sql(
        (tx) => tx.sql<{ wait: number }[]>`
          select extract(epoch from due_at - now())::int as wait from payments where order_id = ${order.order_id}`,
      );
      waits.push(Math.round((row?.wait ?? 0) / 100) * 100);
      await shop.passTime();
    }
    expect(waits).toEqual([1000, 2000, 2000]);
  });

  test("a wrong key of ours is not the buyer's fault", async () => {
    await using broken = await openShop({ sandbox: { secretKey: 'sk_test_other' } });
    const { orderId, payment } = await broken.order({ payment_token: 'pm_card_visa' });
    expect(payment).toMatchObject({ status: 'pending', failures: 0 });
    expect(await broken.toldOf(orderId)).toEqual(['payment.created']);
  });
});

describe('a crash', () => {
  test.each([
    'before-pi-create',
    'after-pi-create-before-save',
    'before-payment-save-commit',
    'after-payment-save',
  ])('%s: whoever finds it ends with one charge, booked and told once', async (point) => {
    const order = visa();
    crashAt(point);
    await shop.deliver(orderCreated, order);
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', dueAt: null });
    expect(charges(order.order_id)).toHaveLength(1);
    expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
    await expectBalanced(shop);
  });

  test.each(['after-payment-row', 'before-payment-commit'])('%s: nothing has happened', async (point) => {
    const order = visa();
    crashAt(point);
    await expect(shop.deliver(orderCreated, order)).rejects.toThrow('crash');
    expect(intents(order.order_id)).toEqual([]);
    await shop.deliver(orderCreated, order);
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded' });
  });

  test('after the commit: the lease ends, and the work is found', async () => {
    const order = visa();
    await shop.handle(orderCreated, order);
    expect(intents(order.order_id)).toEqual([]);
    await shop.workOff();
    expect(intents(order.order_id)).toEqual([]);
    await shop.passTime();
    expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded' });
  });

  test('in the middle of a second attempt: the same attempt goes on', async () => {
    const buyer = await shop.addBuyer();
    const { orderId } = await shop.order({ payment_token: 'pm_card_chargeDeclined', user_id: buyer.userId });
    const body = { order_id: orderId, payment_method: 'card', payment_token: 'pm_card_visa' };
    const headers = { ...buyer.headers, 'idempotency-key': 'the-second-attempt' };
    crashAt('after-pi-confirm');
    expect((await shop.request('POST', '/payments', { headers, body })).status).toBe(500);
    expect(charges(orderId)).toHaveLength(1);
    // The claim was given back with the failure, so the client may try again.
    const again = await shop.request('POST', '/payments', { headers, body });
    expect([again.status, again.body.status]).toEqual([201, 'succeeded']);
    expect(charges(orderId)).toMatchObject([{ idempotency_key: `pc:test:${orderId}:2` }]);
  });
});

test('two replicas at once: one charge', async () => {
  const order = visa();
  const after = await shop.handle(orderCreated, order);
  shop.sandbox.addFault({ kind: 'stall', order_id: order.order_id, delay_ms: 60 });
  after();
  const { id } = await shop.find(order.order_id);
  await Promise.all([1, 2, 3].map(() => advancePayment(shop.deps, shop.tenant.id, id)));
  await shop.work.idle();
  await shop.passTime();
  expect(charges(order.order_id)).toHaveLength(1);
  expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
});

test('an event and another replica come before the answer to a create is saved: one decline, told once', async () => {
  const order = newOrder({ payment_token: 'pm_card_chargeDeclined' });
  await shop.handle(orderCreated, order);
  const { id } = await shop.find(order.order_id);
  const { createIntent } = shop.deps.stripe;
  const overtaken = deps({
    async createIntent(...call) {
      const outcome = await createIntent(...call);
      const [created] = intents(order.order_id);
      for (const event of await shop.stripeEvents(created?.payment_intent ?? '')) await shop.sendHook(event);
      await advancePayment(shop.deps, shop.tenant.id, id);
      return outcome;
    },
  });
  await advancePayment(overtaken, shop.tenant.id, id);
  await shop.workOff();
  expect(await shop.find(order.order_id)).toMatchObject({
    settledAttempt: 1,
    failures: 1,
    paymentToken: null,
  });
  expect(shop.sandbox.journal({ order_id: order.order_id, type: 'charge.failed' })).toHaveLength(1);
  expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.failed']);
});

test('two replicas find nothing after a kept 500, one after the other: one new key, one charge', async () => {
  const order = visa();
  shop.sandbox.addFault({ kind: 'fail_500', order_id: order.order_id });
  await shop.deliver(orderCreated, order);
  const { id } = await shop.find(order.order_id);
  const searched = Promise.withResolvers<void>();
  const charged = Promise.withResolvers<void>();
  const overtaken = Promise.withResolvers<void>();
  const { createIntent, findIntent } = shop.deps.stripe;
  const slow = deps({
    async findIntent(...call) {
      const outcome = await findIntent(...call);
      searched.resolve();
      await charged.promise;
      return outcome;
    },
  });
  const quick = deps({
    async createIntent(...call) {
      const outcome = await createIntent(...call);
      if (outcome.kind !== 'done') return outcome;
      charged.resolve();
      await overtaken.promise;
      return outcome;
    },
  });
  const slowRun = advancePayment(slow, shop.tenant.id, id);
  await searched.promise;
  const quickRun = advancePayment(quick, shop.tenant.id, id);
  await slowRun;
  overtaken.resolve();
  await quickRun;
  expect(await shop.find(order.order_id)).toMatchObject({ status: 'succeeded', keyVersion: 2 });
  expect(charges(order.order_id)).toHaveLength(1);
  expect(await shop.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
  await expectBalanced(shop);
});
