import { orderCreated } from '@zoco/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced, journalsOf } from '../fixtures/ledger.ts';
import { newOrder } from '../fixtures/order.ts';
import { openShop, type Shop, WEBHOOK_SECRET } from '../fixtures/shop.ts';
import { fillEventGap } from './actions/fill-event-gap.ts';
import { takeDueWork } from './actions/take-due-work.ts';
import type { Payment } from './db/payments.ts';
import { createWork } from './work.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ previousSecret: 'whsec_previous' });
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
});

const DAY = 24 * 3600;
const captures = async (orderId: string) =>
  (await journalsOf(shop, orderId)).filter(({ kind }) => kind === 'capture').length;

/** A payment of which Stripe knows more than we do: the process died before it could save the answer to the create. */
async function unheardCreate(token: string) {
  const order = newOrder({ payment_token: token });
  shop.failpoint = (name) => {
    if (name === 'after-pi-create-before-save') throw new Error('crash');
  };
  await shop.deliver(orderCreated, order);
  shop.failpoint = () => {};
  const [created] = shop.sandbox.journal({ order_id: order.order_id });
  return { orderId: order.order_id, intentId: created?.payment_intent ?? '' };
}

async function unheardCharge() {
  const { orderId, intentId } = await unheardCreate('pm_card_visa');
  const events = await shop.stripeEvents(intentId);
  const succeeded = events.find(({ type }) => type === 'payment_intent.succeeded');
  if (succeeded === undefined) throw new Error('no event');
  return { orderId, succeeded, intentId };
}

/** Sends all events of an intent at once, and lets what follows run to its end. */
async function tell(intentId: string) {
  for (const event of await shop.stripeEvents(intentId)) await shop.sendHook(event);
  await shop.workOff();
}

describe('POST /payments/webhooks/stripe', () => {
  test('200 before the answer of the call: the payment is looked at and captured', async () => {
    const { orderId, succeeded } = await unheardCharge();
    const answer = await shop.sendHook(succeeded);
    expect([answer.status, answer.body]).toEqual([200, { received: true }]);
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded' });
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.succeeded']);
    expect(await captures(orderId)).toBe(1);
  });

  test('twice, and a hundred times at once: one capture', async () => {
    const { orderId, succeeded } = await unheardCharge();
    const answers = await Promise.all(Array.from({ length: 100 }, () => shop.sendHook(succeeded)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await shop.workOff();
    expect(await captures(orderId)).toBe(1);
    const rows = await shop.sql((tx) => tx.sql`select 1 from stripe_events where id = ${succeeded.id}`);
    expect(rows).toHaveLength(1);
    await expectBalanced(shop);
  });

  test('out of order: what an event says is not believed, the payment is looked at', async () => {
    const { payment, orderId } = await shop.order({ payment_token: 'pm_card_chargeDeclined' });
    await shop.stripe.paymentIntents.confirm(payment.intentId ?? '', { payment_method: 'pm_card_visa' });
    const events = await shop.stripeEvents(payment.intentId);
    for (const event of events.toReversed()) {
      await shop.sendHook(event);
      await shop.workOff();
    }
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded', failures: 1 });
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.failed', 'payment.succeeded']);
  });

  test('one that lies about its intent moves nothing', async () => {
    const { orderId, payment } = await shop.order();
    const [created] = await shop.stripeEvents(payment.intentId);
    const { data } = created as unknown as { data: { object: object } };
    await shop.sendHook({
      ...created,
      id: 'evt_lie',
      type: 'payment_intent.succeeded',
      data: { object: { ...data.object, status: 'succeeded', amount_received: 2948 } },
    });
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({ status: 'requires_payment_method', capturedCents: 0 });
  });

  test('what is known already costs no question', async () => {
    const { payment } = await shop.order({ payment_token: 'pm_card_visa' });
    for (const event of await shop.stripeEvents(payment.intentId)) await shop.sendHook(event);
    expect((await shop.find(payment.orderId)).dueAt).toBeNull();
  });

  test('an event while the call runs: looked at again when it is done', async () => {
    const { payment, orderId } = await shop.order({ payment_token: 'pm_card_threeDSecure2Required' });
    shop.sandbox.addFault({ kind: 'stall', operation: 'payment_intents.retrieve', delay_ms: 80 });
    const looking = shop.work.payment(shop.tenant.id, payment.id);
    shop.sandbox.authenticate(payment.intentId ?? '', 'complete');
    for (const event of await shop.stripeEvents(payment.intentId)) await shop.sendHook(event);
    await looking;
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded' });
  });

  test('the secret before the last change still counts', async () => {
    const { orderId, succeeded } = await unheardCharge();
    expect((await shop.sendHook(succeeded, { secret: 'whsec_previous' })).status).toBe(200);
    await shop.workOff();
    expect(await captures(orderId)).toBe(1);
  });

  test('a refund in the dashboard is taken over into the books', async () => {
    const { payment, orderId } = await shop.order({ payment_token: 'pm_card_visa' });
    await shop.stripe.refunds.create({ payment_intent: payment.intentId ?? '', amount: 1000 });
    for (const event of await shop.stripeEvents(payment.intentId)) await shop.sendHook(event);
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({ status: 'partially_refunded', refundedCents: 1000 });
    expect((await shop.toldOf(orderId)).at(-1)).toBe('payment.refunded');
    expect((await journalsOf(shop, orderId)).at(-1)).toEqual({
      kind: 'refund',
      stripe_clearing: -1000,
      revenue: 962,
      tax_payable: 38,
    });
    await expectBalanced(shop);
  });

  describe('a refund in the dashboard whose events come before the capture is known', () => {
    const refund = (intentId: string) =>
      shop.stripe.refunds.create({ payment_intent: intentId, amount: 1000 });
    async function expectTakenOver(orderId: string) {
      expect(await shop.find(orderId)).toMatchObject({
        status: 'partially_refunded',
        refundedCents: 1000,
        dueAt: null,
      });
      expect(await shop.toldOf(orderId)).toEqual([
        'payment.created',
        'payment.succeeded',
        'payment.refunded',
      ]);
      await expectBalanced(shop);
    }

    test('the answer to the create was lost', async () => {
      const { orderId, intentId } = await unheardCharge();
      await refund(intentId);
      await tell(intentId);
      await expectTakenOver(orderId);
    });

    test('the answer to the create was lost, and they come while it is asked for again', async () => {
      const { orderId, intentId } = await unheardCharge();
      await refund(intentId);
      const events = await shop.stripeEvents(intentId);
      const { createIntent } = shop.deps.stripe;
      const asking = createWork(
        {
          ...shop.deps,
          stripe: {
            ...shop.deps.stripe,
            async createIntent(...call) {
              const outcome = await createIntent(...call);
              for (const event of events) await shop.sendHook(event);
              return outcome;
            },
          },
        },
        1,
      );
      await shop.sql((tx) => tx.sql`update payments set due_at = now() where order_id = ${orderId}`);
      await takeDueWork(shop.deps, asking);
      await asking.idle();
      await shop.workOff();
      await expectTakenOver(orderId);
    });

    test.each(['before-payment-save-commit', 'after-payment-save'])(
      'it was paid in the browser, and whoever looks dies (%s)',
      async (point) => {
        const { orderId, payment } = await shop.order();
        const intentId = payment.intentId ?? '';
        await shop.stripe.paymentIntents.confirm(intentId, { payment_method: 'pm_card_visa' });
        await refund(intentId);
        shop.failpoint = (name) => {
          if (name !== point) return;
          shop.failpoint = () => {};
          throw new Error('crash');
        };
        await tell(intentId);
        await shop.passTime();
        await expectTakenOver(orderId);
      },
    );
  });

  test('a declined card, told before the answer to its create was saved: it is not tried again', async () => {
    const { orderId, intentId } = await unheardCreate('pm_card_chargeDeclined');
    await tell(intentId);
    expect(await shop.find(orderId)).toMatchObject({
      status: 'requires_payment_method',
      settledAttempt: 1,
      failures: 1,
    });
    expect(shop.sandbox.journal({ order_id: orderId, type: 'charge.failed' })).toHaveLength(1);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.failed']);
  });

  test('the same a day later, when Stripe may have forgotten the create', async () => {
    const { orderId, intentId } = await unheardCreate('pm_card_chargeDeclined');
    await shop.sql(
      (tx) => tx.sql`
        update payments set intent_called_at = now() - interval '23 hours 1 minute' where order_id = ${orderId}`,
    );
    await tell(intentId);
    expect(await shop.find(orderId)).toMatchObject({ settledAttempt: 1, failures: 1 });
    expect(shop.sandbox.journal({ order_id: orderId, type: 'charge.failed' })).toHaveLength(1);
  });

  /** An intent for the order that this service did not make, paid. */
  async function sendStray({ orderId, id }: Pick<Payment, 'orderId' | 'id'>, amount = 2948): Promise<void> {
    const stray = await shop.stripe.paymentIntents.create({
      amount,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_visa',
      metadata: { tenant: shop.tenant.id, order_id: orderId, payment_id: id, env: 'test' },
    });
    for (const event of await shop.stripeEvents(stray.id)) {
      expect((await shop.sendHook(event)).status).toBe(200);
    }
  }

  test('a second intent that took money beside an open one: it goes back, and the buyer can still pay', async () => {
    const buyer = await shop.addBuyer();
    const { payment, orderId } = await shop.order({ user_id: buyer.userId });
    await sendStray(payment);
    await shop.workOff();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ is_late: true, status: 'succeeded' }]);
    expect(await shop.find(orderId)).toMatchObject({ status: 'requires_payment_method', cancelReason: null });
    const answer = await shop.request('POST', '/payments', {
      headers: { ...buyer.headers, 'idempotency-key': 'beside-a-second-intent' },
      body: { order_id: orderId, payment_method: 'card', payment_token: 'pm_card_visa' },
    });
    expect([answer.status, answer.body.status]).toEqual([201, 'succeeded']);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.succeeded']);
    await expectBalanced(shop);
  });

  test('a second intent that took money beside one that is to end: it is called canceled when it is', async () => {
    const { payment, orderId } = await shop.order();
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'payment_intents.cancel', times: 3 });
    await shop.callAs('orders', `/internal/payments/${orderId}/void`);
    await sendStray(payment);
    expect(await shop.find(orderId)).toMatchObject({ status: 'requires_payment_method' });
    await shop.passTime();
    expect(await shop.find(orderId)).toMatchObject({ status: 'canceled', cancelReason: 'order_voided' });
    expect(shop.sandbox.journal({ order_id: orderId, type: 'payment_intent.canceled' })).toHaveLength(1);
    expect(await shop.refundsOf(orderId)).toMatchObject([{ is_late: true, status: 'succeeded' }]);
    await expectBalanced(shop);
  });

  test('a second intent that took money beside one that did: it goes back', async () => {
    const { payment, orderId } = await shop.order({ payment_token: 'pm_card_visa' });
    await sendStray(payment);
    await shop.workOff();
    expect(await shop.refundsOf(orderId)).toMatchObject([
      { is_late: true, status: 'succeeded', amount_cents: 2948 },
    ]);
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded', refundedCents: 0 });
    expect((await journalsOf(shop, orderId)).map(({ kind }) => kind)).toEqual([
      'capture',
      'late_capture',
      'late_refund',
    ]);
    await expectBalanced(shop);
  });

  test('a second intent of another amount while a refund waits for a look: the refund is still taken over', async () => {
    const { payment, orderId } = await shop.order({ payment_token: 'pm_card_visa' });
    await shop.stripe.refunds.create({ payment_intent: payment.intentId ?? '', amount: 1000 });
    for (const event of await shop.stripeEvents(payment.intentId)) await shop.sendHook(event);
    await sendStray(payment, 999);
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({
      status: 'partially_refunded',
      refundedCents: 1000,
      dueAt: null,
    });
  });

  test('a second intent of another amount beside an open one that was paid: the payment is still looked at', async () => {
    const { payment, orderId } = await shop.order();
    const card = { payment_method: 'pm_card_visa' };
    await shop.stripe.paymentIntents.confirm(payment.intentId ?? '', card);
    for (const event of await shop.stripeEvents(payment.intentId)) await shop.sendHook(event);
    const { dueAt } = await shop.find(orderId);
    await sendStray(payment, 999);
    expect(await shop.find(orderId)).toMatchObject({ dueAt, lookAgain: true });
    await shop.workOff();
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded', intentId: payment.intentId });
  });

  describe('takes no notice of', () => {
    test.each([
      [
        'an order that we do not know',
        { order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m', tenant: 'nobody', env: 'test' },
      ],
      ['another installation on the same account', { env: 'elsewhere' }],
      ['a tenant that cannot be one', { tenant: '../etc' }],
    ])('%s', async (_name, metadata) => {
      const { orderId, succeeded } = await unheardCharge();
      const event = JSON.parse(JSON.stringify(succeeded));
      Object.assign(event.data.object.metadata, metadata);
      expect((await shop.sendHook(event)).status).toBe(200);
      expect(await shop.find(orderId)).toMatchObject({ status: 'pending' });
      const rows = await shop.sql((tx) => tx.sql`select 1 from stripe_events where id = ${succeeded.id}`);
      expect(rows).toHaveLength(0);
    });

    test('the other mode, and things that are no payment', async () => {
      const { orderId, succeeded } = await unheardCharge();
      expect((await shop.sendHook({ ...succeeded, livemode: true })).status).toBe(200);
      const balance = { ...succeeded, data: { object: { object: 'balance', id: 'x' } } };
      expect((await shop.sendHook(balance)).status).toBe(200);
      expect((await shop.sendHook({ hello: 'world' })).status).toBe(200);
      expect(await shop.find(orderId)).toMatchObject({ status: 'pending' });
    });

    test("an event of another tenant's order with ours in its metadata", async () => {
      const other = shop.world.addTenant();
      const { orderId, succeeded } = await unheardCharge();
      const event = JSON.parse(JSON.stringify(succeeded));
      event.data.object.metadata.tenant = other.id;
      expect((await shop.sendHook(event)).status).toBe(200);
      expect(await shop.find(orderId)).toMatchObject({ status: 'pending' });
    });
  });

  describe('400, and nothing happens', () => {
    test.each([
      ['another secret', { secret: 'whsec_forged' }],
      ['ten minutes old', { signedAt: -600 }],
      ['a year old', { signedAt: -365 * DAY }],
      ['ten minutes ahead', { signedAt: 600 }],
    ])('%s', async (_name, how) => {
      const { orderId, succeeded } = await unheardCharge();
      const answer = await shop.sendHook(succeeded, how);
      expect([answer.status, answer.body.code]).toEqual([400, 'webhook_signature_invalid']);
      expect(answer.text).not.toContain(succeeded.id);
      expect(await shop.find(orderId)).toMatchObject({ status: 'pending', lookAgain: false });
    });

    test.each([
      ['no signature', {}],
      ['an empty one', { 'stripe-signature': '' }],
      ['no time', { 'stripe-signature': 'v1=abc' }],
      ['a time that is none', { 'stripe-signature': 't=now,v1=abc' }],
      ['two times', { 'stripe-signature': `t=1,t=${Math.floor(Date.now() / 1000)},v1=abc` }],
      ['the test scheme only', { 'stripe-signature': `t=${Math.floor(Date.now() / 1000)},v0=abc` }],
    ])('%s', async (_name, headers: Record<string, string>) => {
      const answer = await shop.postHook('{}', headers);
      expect([answer.status, answer.body.code]).toEqual([400, 'webhook_signature_invalid']);
    });

    test('an altered byte, and the same JSON written anew', async () => {
      const { succeeded } = await unheardCharge();
      const { signatureHeader } = await import('@zoco/stripe-sandbox');
      const text = JSON.stringify(succeeded, undefined, 2);
      const signature = signatureHeader(text, WEBHOOK_SECRET, Math.floor(Date.now() / 1000));
      const send = (body: string) => shop.postHook(body, { 'stripe-signature': signature });
      expect((await send(text.replace('succeeded', 'succeedeD'))).status).toBe(400);
      expect((await send(JSON.stringify(succeeded))).status).toBe(400);
      expect((await send(text)).status).toBe(200);
    });
  });

  test('413 beyond 256 KiB, before anything is looked at', async () => {
    const answer = await shop.sendHook('x'.repeat(256 * 1024 + 1));
    expect([answer.status, answer.body.code]).toEqual([413, 'body_too_large']);
  });

  test('415 for a compressed body', async () => {
    const answer = await shop.postHook('{}', { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
  });

  test('a crash after the insert undoes it: Stripe sends the event again', async () => {
    const { orderId, succeeded } = await unheardCharge();
    shop.failpoint = (name) => {
      if (name === 'after-webhook-insert') throw new Error('crash');
    };
    expect((await shop.sendHook(succeeded)).status).toBe(500);
    shop.failpoint = () => {};
    expect((await shop.sendHook(succeeded)).status).toBe(200);
    await shop.workOff();
    expect(await captures(orderId)).toBe(1);
  });
});

test('events that never arrived are fetched', async () => {
  await using real = await openShop({ webhooks: true });
  real.sandbox.addFault({ kind: 'webhook_drop', times: 100 });
  const order = newOrder({ payment_token: 'pm_card_visa' });
  real.failpoint = (name) => {
    if (name === 'after-pi-create-before-save') throw new Error('crash');
  };
  await real.deliver(orderCreated, order);
  real.failpoint = () => {};
  const hourAgo = new Date(Date.now() - 3600_000);
  expect(await fillEventGap(real.deps, real.work, hourAgo)).toBe(1);
  await real.workOff();
  expect(await real.find(order.order_id)).toMatchObject({ status: 'succeeded' });
  expect(await fillEventGap(real.deps, real.work, hourAgo)).toBe(1);
  expect(await real.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
});

test('delivered by the sandbox itself, doubled and shuffled, beside the answers: one capture each', async () => {
  await using real = await openShop({ webhooks: true });
  real.sandbox.addFault({ kind: 'webhook_duplicate', times: 10 });
  real.sandbox.addFault({ kind: 'webhook_reorder', times: 3 });
  const orders = Array.from({ length: 20 }, () => newOrder({ payment_token: 'pm_card_visa' }));
  await Promise.all(orders.map((order) => real.deliver(orderCreated, order)));
  await expect.poll(() => real.sandbox.pendingWebhooks).toBe(0);
  await real.workOff();
  for (const order of orders) {
    expect(await real.toldOf(order.order_id)).toEqual(['payment.created', 'payment.succeeded']);
  }
  expect(real.sandbox.journal({ type: 'charge.succeeded' })).toHaveLength(20);
  await expectBalanced(real);
});
