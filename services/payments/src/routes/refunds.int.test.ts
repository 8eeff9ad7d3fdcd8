import { orderCancelRequested, orderExpired } from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced, journalsOf } from '../../fixtures/ledger.ts';
import { expectSignInNeeded, expectStaffNeeded } from '../../fixtures/refusals.ts';
import { type Caller, openShop, type Shop } from '../../fixtures/shop.ts';
import { advanceRefund } from '../actions/advance-refund.ts';
import type { PaymentDeps } from '../payment-deps.ts';

let shop: Shop;
let staff: Caller;
beforeAll(async () => {
  shop = await openShop({ timeoutMs: 300 });
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(async () => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
  staff = await shop.addStaff();
});

const key = () => `key-${newId('event')}`;
const paid = (more: object = {}) => shop.order({ payment_token: 'pm_card_visa', ...more });
const refund = (paymentId: string, body: object = {}, idempotencyKey = key(), { headers }: Caller = staff) =>
  shop.request('POST', `/payments/${paymentId}/refunds`, {
    headers: { ...headers, 'idempotency-key': idempotencyKey },
    body: { reason: 'damaged', ...body },
  });
const refundedAtStripe = (orderId: string, of = shop) =>
  of.sandbox.journal({ order_id: orderId, type: 'refund.created' }).map(({ amount }) => amount);
const cancelRequested = (orderId: Id<'order'>, of = shop) =>
  of.deliver(orderCancelRequested, {
    order_id: orderId,
    reason: 'buyer_request',
    requested_at: new Date().toISOString(),
  });
const expired = (orderId: Id<'order'>) =>
  shop.deliver(orderExpired, { order_id: orderId, expired_at: new Date().toISOString() });
/** The bank's last word on the refund of an intent, and Stripe's events about it. */
async function finishAtBank(intentId: string | null, outcome: 'succeeded' | 'failed') {
  const [made] = shop.sandbox.journal({ payment_intent: intentId ?? '', type: 'refund.created' });
  shop.sandbox.finishRefund(made?.refund ?? '', outcome);
  for (const event of await shop.stripeEvents(intentId)) await shop.sendHook(event);
  await shop.workOff();
}

describe('POST /payments/{id}/refunds', () => {
  test('201 in parts, until nothing is left; every cent of tax with it', async () => {
    const { payment, orderId } = await paid();
    const first = await refund(payment.id, { amount_cents: 1000 });
    expect([first.status, first.body]).toMatchObject([
      201,
      { payment_id: payment.id, amount_cents: 1000, currency: 'EUR', status: 'succeeded', reason: 'damaged' },
    ]);
    expect(await shop.find(orderId)).toMatchObject({ status: 'partially_refunded', refundedCents: 1000 });
    expect((await refund(payment.id)).body.amount_cents).toBe(1948);
    expect(await shop.find(orderId)).toMatchObject({ status: 'refunded', refundedCents: 2948 });
    expect(refundedAtStripe(orderId)).toEqual([1000, 1948]);
    expect((await journalsOf(shop, orderId)).slice(1)).toEqual([
      { kind: 'refund', stripe_clearing: -1000, revenue: 962, tax_payable: 38 },
      { kind: 'refund', stripe_clearing: -1948, revenue: 1873, tax_payable: 75 },
    ]);
    const told = (await shop.eventsOf(payment.id)).slice(2);
    expect(told.map(({ data }) => [data.refund_cents, data.refunded_total_cents, data.reason])).toEqual([
      [1000, 1000, 'damaged'],
      [1948, 2948, 'damaged'],
    ]);
    await expectBalanced(shop);
  });

  test('201 for a transfer: no provider holds the money, it is booked at once', async () => {
    const { payment, orderId } = await shop.order({ payment_method: 'transfer' });
    await shop.request('POST', `/payments/${payment.id}/settle`, { headers: staff.headers, body: {} });
    const answer = await refund(payment.id, { amount_cents: 948 });
    expect([answer.status, answer.body.status]).toEqual([201, 'succeeded']);
    expect((await journalsOf(shop, orderId)).at(-1)).toMatchObject({ kind: 'refund', bank: -948 });
    expect(refundedAtStripe(orderId)).toEqual([]);
  });

  test('201 with the same bytes for the same key; one refund, also when asked 8 times at once', async () => {
    const { payment, orderId } = await paid();
    const same = key();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => refund(payment.id, { amount_cents: 500 }, same)),
    );
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const again = await refund(payment.id, { amount_cents: 500 }, same);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(refundedAtStripe(orderId)).toEqual([500]);
    expect((await refund(payment.id, { amount_cents: 501 }, same)).body.code).toBe('idempotency_key_reused');
  });

  test('a key that was forgotten after its day still means the same refund', async () => {
    const { payment, orderId } = await paid();
    const same = key();
    const first = await refund(payment.id, { amount_cents: 500 }, same);
    await shop.sql((tx) => tx.sql`delete from idempotency_keys where key = ${same}`);
    const again = await refund(payment.id, { amount_cents: 500 }, same);
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    expect(refundedAtStripe(orderId)).toEqual([500]);
  });

  test('20 at once for more than there is: never more than was captured', async () => {
    const { payment, orderId } = await paid();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refund(payment.id, { amount_cents: 700 })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    const refused = answers.filter(({ status }) => status === 409);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['refund_amount_exceeded']));
    expect(refused[0]?.body.refundable_cents).toBe(148);
    expect(refundedAtStripe(orderId)).toEqual([700, 700, 700, 700]);
    expect(await shop.find(orderId)).toMatchObject({ refundedCents: 2800, refundRequestedCents: 2800 });
    await expectBalanced(shop);
  });

  test('401, 403, 404', async () => {
    const { payment } = await paid();
    const endpoint = {
      method: 'POST',
      path: `/payments/${payment.id}/refunds`,
      headers: { 'idempotency-key': key() },
      body: { reason: 'damaged', amount_cents: 1 },
    };
    await expectStaffNeeded(shop, endpoint);
    await expectSignInNeeded(shop, endpoint, 'payments:write');
    const outsider = await shop.addStaff(shop.world.addTenant());
    expect((await refund(payment.id, {}, key(), outsider)).status).toBe(404);
    expect((await refund('pay_00000000000000000000000000')).body.code).toBe('payment_not_found');
  });

  test('400 without a key, 409 where there is nothing to give back, 422 for amounts that are none', async () => {
    const { payment } = await paid();
    const bare = { headers: staff.headers, body: { reason: 'damaged' } };
    const missing = await shop.request('POST', `/payments/${payment.id}/refunds`, bare);
    expect([missing.status, missing.body.code]).toEqual([400, 'idempotency_key_required']);
    const open = await shop.order();
    expect((await refund(open.payment.id)).body.code).toBe('payment_not_captured');
    expect((await refund(payment.id, { amount_cents: 2949 })).body.code).toBe('refund_amount_exceeded');
    await refund(payment.id);
    expect((await refund(payment.id)).body.code).toBe('payment_refunded');
    for (const body of [
      { amount_cents: 0 },
      { amount_cents: -1 },
      { amount_cents: 1.5 },
      { amount_cents: '1' },
      { reason: '' },
      { currency: 'EUR' },
    ]) {
      expect((await refund(payment.id, body)).status).toBe(422);
    }
    const pan = await refund(payment.id, { reason: 'wrong card 378282246310005' });
    expect([pan.status, pan.text.includes('3782')]).toEqual([422, false]);
    const dinar = await paid({ currency: 'KWD', total_cents: 29_480, tax_cents: 0 });
    expect((await refund(dinar.payment.id, { amount_cents: 1005 })).body.code).toBe(
      'refund_amount_unsupported',
    );
  });
});

describe('a refund whose outcome is not known', () => {
  test.each(['commit_then_500', 'commit_then_hang', 'fail_500', 'unavailable'] as const)(
    '%s: 201 with what is known, and one refund in the end',
    async (kind) => {
      const { payment, orderId } = await paid();
      shop.sandbox.addFault({ kind, operation: 'refunds.create', times: kind === 'unavailable' ? 3 : 1 });
      const answer = await refund(payment.id, { amount_cents: 1000 });
      expect(answer.status).toBe(201);
      await shop.passTime();
      await shop.passTime();
      expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded' }]);
      expect(refundedAtStripe(orderId)).toEqual([1000]);
      expect((await shop.toldOf(orderId)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
      await expectBalanced(shop);
    },
  );

  test.each(['after-refund-row', 'after-refund-call', 'before-refund-save-commit', 'after-refund-save'])(
    'a crash at %s: one refund in the end',
    async (point) => {
      const { payment, orderId } = await paid();
      const same = key();
      shop.failpoint = (name) => {
        if (name === point) throw new Error('crash');
      };
      expect((await refund(payment.id, { amount_cents: 1000 }, same)).status).toBe(500);
      shop.failpoint = () => {};
      await shop.passTime();
      const again = await refund(payment.id, { amount_cents: 1000 }, same);
      expect([again.status, again.body.status]).toEqual([201, 'succeeded']);
      expect(refundedAtStripe(orderId)).toEqual([1000]);
      expect((await shop.toldOf(orderId)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
      await expectBalanced(shop);
    },
  );
});

describe('a refund that is asked for again when Stripe has forgotten its key', () => {
  let forgetful: Shop;
  beforeAll(async () => {
    forgetful = await openShop({ timeoutMs: 300, retriesMax: 0, sandbox: { keyTtlSeconds: 0 } });
  });
  afterAll(() => forgetful[Symbol.asyncDispose]());
  const lose = (kind: 'commit_then_500' | 'unavailable') =>
    forgetful.sandbox.addFault({ kind, operation: 'refunds.create' });
  const passDay = async () => {
    await forgetful.sql((tx) => tx.sql`update refunds set created_at = now() - interval '23 hours 1 minute'`);
    await forgetful.passTime();
  };

  test('a part whose answer was lost is found, not asked for again', async () => {
    const { payment, orderId } = await forgetful.order({ payment_token: 'pm_card_visa' });
    const { headers } = await forgetful.addStaff();
    lose('commit_then_500');
    await forgetful.request('POST', `/payments/${payment.id}/refunds`, {
      headers: { ...headers, 'idempotency-key': key() },
      body: { reason: 'damaged', amount_cents: 1000 },
    });
    await passDay();
    expect(await forgetful.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 1 }]);
    expect(refundedAtStripe(orderId, forgetful)).toEqual([1000]);
    await expectBalanced(forgetful);
  });

  test('none was made: asked for with the same key, and searched for again when that answer is lost too', async () => {
    const { orderId } = await forgetful.order({ payment_token: 'pm_card_visa' });
    lose('unavailable');
    await cancelRequested(orderId, forgetful);
    lose('commit_then_500');
    await passDay();
    expect(await forgetful.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 1 }]);
    await passDay();
    expect(await forgetful.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 1 }]);
    expect(refundedAtStripe(orderId, forgetful)).toEqual([2948]);
    await expectBalanced(forgetful);
  });

  test('all of it, refused as refunded already: by ours, which is booked', async () => {
    const { orderId } = await forgetful.order({ payment_token: 'pm_card_visa' });
    lose('commit_then_500');
    await cancelRequested(orderId, forgetful);
    await forgetful.passTime();
    expect(await forgetful.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 1 }]);
    expect(await forgetful.find(orderId)).toMatchObject({ status: 'refunded', refundedCents: 2948 });
    expect((await forgetful.toldOf(orderId)).at(-1)).toBe('payment.refunded');
    await expectBalanced(forgetful);
  });
});

describe('an answer that is old', () => {
  test('to an earlier try of a refund: it does not touch the one under way', async () => {
    const { payment, orderId } = await paid({ payment_token: 'pm_card_pendingRefund' });
    shop.sandbox.addFault({ kind: 'fail_500', operation: 'refunds.create' });
    const { body } = await refund(payment.id, { amount_cents: 1000 });
    const listed = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const listRefunds: PaymentDeps['stripe']['listRefunds'] = async (intentId) => {
      const outcome = await shop.deps.stripe.listRefunds(intentId);
      listed.resolve();
      await goOn.promise;
      return outcome;
    };
    const slow = { ...shop.deps, stripe: { ...shop.deps.stripe, listRefunds } };
    const late = advanceRefund(slow, shop.tenant.id, body.id);
    await listed.promise;
    await shop.passTime();
    await shop.passTime();
    const underWay = [{ status: 'pending', key_version: 2 }];
    expect(await shop.refundsOf(orderId)).toMatchObject(underWay);
    expect(refundedAtStripe(orderId)).toEqual([1000]);
    goOn.resolve();
    await late;
    expect(await shop.refundsOf(orderId)).toMatchObject(underWay);
    await finishAtBank(payment.intentId, 'succeeded');
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 2 }]);
    expect(refundedAtStripe(orderId)).toEqual([1000]);
    await expectBalanced(shop);
  });

  test('kept under the key of a refund that the bank has sent back since: that is what counts', async () => {
    const { payment, orderId } = await paid({ payment_token: 'pm_card_refundFail' });
    shop.failpoint = (name) => {
      if (name === 'after-refund-call') throw new Error('crash');
    };
    await refund(payment.id, { amount_cents: 1000 });
    shop.failpoint = () => {};
    await finishAtBank(payment.intentId, 'failed');
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 2 }]);
    expect((await journalsOf(shop, orderId)).map(({ kind }) => kind)).toEqual(['capture']);
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded' }]);
    expect(refundedAtStripe(orderId)).toEqual([1000, 1000]);
    await expectBalanced(shop);
  });
});

describe('a late refund that the bank sends back', () => {
  const expectRetried = async (orderId: string, intentId: string | null) => {
    const refunds = await shop.refundsOf(orderId);
    expect(refunds).toMatchObject([{ is_late: true, status: 'succeeded' }]);
    await finishAtBank(intentId, 'failed');
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 2 }]);
    const suspense = (await journalsOf(shop, orderId)).map((one) => one['customer_suspense'] ?? 0);
    expect(suspense.filter((cents) => cents !== 0)).toEqual([-2948, 2948, -2948]);
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded' }]);
    await expectBalanced(shop);
  };

  test('of money that came after the end: owed, booked back, and tried again', async () => {
    const { payment, orderId } = await shop.order();
    const card = { payment_method: 'pm_card_refundFail' };
    await shop.stripe.paymentIntents.confirm(payment.intentId ?? '', card);
    await expired(orderId);
    await shop.workOff();
    await expectRetried(orderId, payment.intentId);
  });

  test('of a second intent for an order that is paid', async () => {
    const { payment, orderId } = await paid();
    const stray = await shop.stripe.paymentIntents.create({
      amount: 2948,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_refundFail',
      metadata: { tenant: shop.tenant.id, order_id: orderId, payment_id: payment.id, env: 'test' },
    });
    for (const event of await shop.stripeEvents(stray.id)) await shop.sendHook(event);
    await shop.workOff();
    await expectRetried(orderId, stray.id);
  });

  test('an event that says so of one that stays done: looked at, and nothing changes', async () => {
    const { payment, orderId } = await paid();
    const { body } = await refund(payment.id, { amount_cents: 1000 });
    const events = await shop.stripeEvents(payment.intentId);
    const text = JSON.stringify(events.find(({ type }) => type === 'refund.created'));
    await shop.sendHook(text.replace('"succeeded"', '"failed"').replace('"evt_', '"evt_lie_'));
    await shop.workOff();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 1 }]);
    const [row] = await shop.sql((tx) => tx.sql`select due_at from refunds where id = ${body.id}`);
    expect(row).toEqual({ due_at: null });
    await expectBalanced(shop);
  });
});

describe('a refund in the dashboard just before one of ours', () => {
  const inDashboard = (intentId: string | null, amount: number) =>
    shop.stripe.refunds.create({ payment_intent: intentId ?? '', amount });

  test.each(['never', 'first', 'last'] as const)(
    'of an order that is canceled, its webhook comes %s: both are booked, and all is told',
    async (webhook) => {
      const { payment, orderId } = await paid();
      await inDashboard(payment.intentId, 1000);
      const events = await shop.stripeEvents(payment.intentId);
      if (webhook === 'first') {
        shop.sandbox.addFault({ kind: 'unavailable', operation: 'refunds.create', times: 3 });
      }
      await cancelRequested(orderId);
      if (webhook !== 'never') for (const event of events) await shop.sendHook(event);
      await shop.workOff();
      if (webhook === 'first') await shop.passTime();
      expect(refundedAtStripe(orderId)).toEqual([1000, 1948]);
      expect(await shop.refundsOf(orderId)).toMatchObject([
        { status: 'succeeded', amount_cents: 1948, reason: 'order_canceled', key_version: 2 },
        { status: 'succeeded', amount_cents: 1000, reason: 'refunded_at_provider' },
      ]);
      expect(await shop.find(orderId)).toMatchObject({
        status: 'refunded',
        refundedCents: 2948,
        refundRequestedCents: 2948,
      });
      expect((await journalsOf(shop, orderId)).slice(1)).toEqual([
        { kind: 'refund', stripe_clearing: -1000, revenue: 962, tax_payable: 38 },
        { kind: 'refund', stripe_clearing: -1948, revenue: 1873, tax_payable: 75 },
      ]);
      const told = (await shop.eventsOf(payment.id)).slice(2);
      expect(told.map(({ data }) => [data.refund_cents, data.refunded_total_cents])).toEqual([
        [1000, 1000],
        [1948, 2948],
      ]);
      await expectBalanced(shop);
    },
  );

  test('of more than any of ours: they give way one after the other', async () => {
    const { payment, orderId } = await paid();
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'refunds.create', times: 9 });
    await refund(payment.id, { amount_cents: 1000 });
    await refund(payment.id, { amount_cents: 948 });
    await cancelRequested(orderId);
    await inDashboard(payment.intentId, 2500);
    for (let looks = 0; looks < 3; looks += 1) await shop.passTime();
    const refunds = await shop.refundsOf(orderId);
    const done = refunds.filter(({ status }) => status === 'succeeded');
    expect(done.map(({ amount_cents }) => amount_cents)).toEqual([448, 2500]);
    expect(refunds.filter(({ status }) => status === 'failed')).toHaveLength(2);
    expect(refundedAtStripe(orderId)).toEqual([2500, 448]);
    expect(await shop.find(orderId)).toMatchObject({ refundedCents: 2948, refundRequestedCents: 2948 });
    await expectBalanced(shop);
  });

  test.each([
    [1000, [1948, 1000]],
    [2948, [2948]],
  ])('of money that came after the end, %i of it: both are booked as late', async (cents, done) => {
    const { payment, orderId } = await shop.order();
    await shop.stripe.paymentIntents.confirm(payment.intentId ?? '', { payment_method: 'pm_card_visa' });
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'refunds.create', times: 3 });
    await expired(orderId);
    await shop.workOff();
    await inDashboard(payment.intentId, cents);
    await shop.passTime();
    const refunds = await shop.refundsOf(orderId);
    expect(refunds.every(({ is_late }) => is_late)).toBe(true);
    const succeeded = refunds.filter(({ status }) => status === 'succeeded');
    expect(succeeded.map(({ amount_cents }) => amount_cents)).toEqual(done);
    await expectBalanced(shop);
  });

  test('of all that the bank has sent back: it does in place of the next try, and is not told again', async () => {
    const { payment, orderId } = await paid({ payment_token: 'pm_card_refundFail' });
    await refund(payment.id);
    await finishAtBank(payment.intentId, 'failed');
    await inDashboard(payment.intentId, 2948);
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', amount_cents: 2948 }]);
    expect((await shop.toldOf(orderId)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
    await expectBalanced(shop);
  });
});

describe('a refund that takes its time', () => {
  test('pending, then done: told when it is', async () => {
    const { payment, orderId } = await paid({ payment_token: 'pm_card_pendingRefund' });
    const answer = await refund(payment.id);
    expect([answer.status, answer.body.status]).toEqual([201, 'pending']);
    expect((await shop.toldOf(orderId)).at(-1)).toBe('payment.succeeded');
    await finishAtBank(payment.intentId, 'succeeded');
    expect((await shop.toldOf(orderId)).at(-1)).toBe('payment.refunded');
    await expectBalanced(shop);
  });

  test('one that the bank sends back is owed, booked back, and tried again; it is told once', async () => {
    const { payment, orderId } = await paid({ payment_token: 'pm_card_refundFail' });
    await refund(payment.id, { amount_cents: 1000 });
    await finishAtBank(payment.intentId, 'failed');
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 2 }]);
    expect((await journalsOf(shop, orderId)).at(-1)).toEqual({
      kind: 'refund_return',
      stripe_clearing: 1000,
      revenue: -962,
      tax_payable: -38,
    });
    await expectBalanced(shop);
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded' }]);
    expect(refundedAtStripe(orderId)).toEqual([1000, 1000]);
    expect((await shop.toldOf(orderId)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
    await expectBalanced(shop);
  });

  test('refunded elsewhere in the meantime: ours is given up, theirs is booked', async () => {
    const { payment, orderId } = await paid();
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'refunds.create', times: 3 });
    await refund(payment.id);
    await shop.stripe.refunds.create({ payment_intent: payment.intentId ?? '' });
    await shop.passTime();
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([
      { status: 'failed', failure_code: 'charge_already_refunded' },
      { status: 'succeeded', reason: 'refunded_at_provider' },
    ]);
    expect(await shop.find(orderId)).toMatchObject({ status: 'refunded', refundedCents: 2948 });
    await expectBalanced(shop);
  });
});
