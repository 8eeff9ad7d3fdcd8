import { orderCancelRequested } from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectBalanced, journalsOf } from '../fixtures/ledger.ts';
import { type Caller, openShop, type Shop } from '../fixtures/shop.ts';
import { advancePayment } from './actions/advance-payment.ts';
import { advanceRefund } from './actions/advance-refund.ts';
import type { PaymentDeps } from './payment-deps.ts';

let shop: Shop;
let staff: Caller;
beforeAll(async () => {
  shop = await openShop({ timeoutMs: 2000, retriesMax: 0 });
  staff = await shop.addStaff();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.failpoint = () => {};
  shop.sandbox.clearFaults();
});

const paid = (card: string) => shop.order({ payment_token: card });
const refund = (paymentId: string, amountCents: number) =>
  shop.request('POST', `/payments/${paymentId}/refunds`, {
    headers: { ...staff.headers, 'idempotency-key': `key-${newId('event')}` },
    body: { reason: 'damaged', amount_cents: amountCents },
  });
const inDashboard = (intentId: string | null, amount: number, metadata: Record<string, string> = {}) =>
  shop.stripe.refunds.create({ payment_intent: intentId ?? '', amount, metadata });
/** Amounts that Stripe was asked to give back, the smallest first. */
const refundedAtStripe = (orderId: string) =>
  shop.sandbox
    .journal({ order_id: orderId, type: 'refund.created' })
    .map(({ amount }) => amount)
    .toSorted((a, b) => a - b);
const cancelRequested = (orderId: Id<'order'>) =>
  shop.deliver(orderCancelRequested, {
    order_id: orderId,
    reason: 'buyer_request',
    requested_at: new Date().toISOString(),
  });
async function tell(intentId: string | null): Promise<void> {
  for (const event of await shop.stripeEvents(intentId)) await shop.sendHook(event);
  await shop.workOff();
}
const made = (intentId: string | null) =>
  shop.sandbox.journal({ payment_intent: intentId ?? '', type: 'refund.created' })[0]?.refund ?? '';

/** A replica that is stopped when it has its list of refunds, until it may go on. */
async function stopAtList(start: (deps: PaymentDeps) => Promise<void>): Promise<() => Promise<void>> {
  const listed = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isFirst = true;
  const listRefunds: PaymentDeps['stripe']['listRefunds'] = async (intentId) => {
    const outcome = await shop.deps.stripe.listRefunds(intentId);
    if (!isFirst) return outcome;
    isFirst = false;
    listed.resolve();
    await goOn.promise;
    return outcome;
  };
  const running = start({ ...shop.deps, stripe: { ...shop.deps.stripe, listRefunds } });
  await listed.promise;
  return () => {
    goOn.resolve();
    return running;
  };
}
const stopAtCompare = (paymentId: string) =>
  stopAtList((deps) => advancePayment(deps, shop.tenant.id, paymentId));

async function expectAllBack(orderId: string): Promise<void> {
  expect(await shop.find(orderId)).toMatchObject({
    status: 'refunded',
    refundedCents: 2948,
    refundRequestedCents: 2948,
    dueAt: null,
  });
  await expectBalanced(shop);
}

describe('one of ours that the bank sent back since', () => {
  async function expectRetriedOnce(orderId: string): Promise<void> {
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 2 }]);
    expect(refundedAtStripe(orderId)).toEqual([1000, 1000]);
    expect((await shop.toldOf(orderId)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
    expect(await shop.find(orderId)).toMatchObject({ refundedCents: 1000, refundRequestedCents: 1000 });
    await expectBalanced(shop);
  }

  test('and that is to be tried again: the list does not make it done', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    await refund(payment.id, 1000);
    const goOn = await stopAtCompare(payment.id);
    shop.sandbox.finishRefund(made(payment.intentId), 'failed');
    await tell(payment.intentId);
    const owed = [{ status: 'pending', key_version: 2 }];
    expect(await shop.refundsOf(orderId)).toMatchObject(owed);
    await goOn();
    expect(await shop.refundsOf(orderId)).toMatchObject(owed);
    await tell(payment.intentId);
    await expectRetriedOnce(orderId);
    expect((await journalsOf(shop, orderId)).map(({ kind }) => kind)).toEqual([
      'capture',
      'refund',
      'refund_return',
      'refund',
    ]);
  });

  test('and whose event waits for its look: the look still comes', async () => {
    const { payment, orderId } = await paid('pm_card_pendingRefund');
    await refund(payment.id, 1000);
    shop.sandbox.finishRefund(made(payment.intentId), 'succeeded');
    const goOn = await stopAtCompare(payment.id);
    shop.sandbox.finishRefund(made(payment.intentId), 'failed');
    const events = await shop.stripeEvents(payment.intentId);
    await shop.sendHook(events.find(({ type }) => type === 'refund.failed'));
    await goOn();
    await shop.workOff();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 2 }]);
    await shop.passTime();
    shop.sandbox.finishRefund(
      shop.sandbox.journal({ order_id: orderId, type: 'refund.created' }).at(-1)?.refund ?? '',
      'succeeded',
    );
    await tell(payment.intentId);
    await expectRetriedOnce(orderId);
  });

  test('and whose answer was lost: its event was of no use, and the list is not either', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    shop.failpoint = (name) => {
      if (name === 'after-refund-call') throw new Error('crash');
    };
    await refund(payment.id, 1000);
    shop.failpoint = () => {};
    const goOn = await stopAtCompare(payment.id);
    shop.sandbox.finishRefund(made(payment.intentId), 'failed');
    await tell(payment.intentId);
    await goOn();
    await shop.workOff();
    await expectRetriedOnce(orderId);
  });
});

describe('one of the dashboard that came back since', () => {
  test('and that we had taken over: it is asked for once, and nothing stays behind', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    const { id } = await inDashboard(payment.intentId, 1000);
    await tell(payment.intentId);
    const goOn = await stopAtCompare(payment.id);
    shop.sandbox.finishRefund(id, 'failed');
    await tell(payment.intentId);
    await goOn();
    expect(await shop.find(orderId)).toMatchObject({ refundedCents: 1000, refundRequestedCents: 1000 });
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 2 }]);
    await cancelRequested(orderId);
    await shop.passTime();
    expect(refundedAtStripe(orderId)).toEqual([1000, 1000, 1948]);
    await expectAllBack(orderId);
  });

  test('and that nobody had seen: it is not taken over', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    const { id } = await inDashboard(payment.intentId, 1000);
    const goOn = await stopAtCompare(payment.id);
    shop.sandbox.finishRefund(id, 'failed');
    await tell(payment.intentId);
    await goOn();
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toEqual([]);
    expect(await shop.find(orderId)).toMatchObject({ status: 'succeeded', refundRequestedCents: 0 });
    await expectBalanced(shop);
  });
});

describe('a list that one of ours gives way by', () => {
  /** Asks for a refund of all that is left, which Stripe refuses, and stops where it has the list. */
  async function stopAtGiveWay(orderId: Id<'order'>): Promise<() => Promise<void>> {
    shop.sandbox.addFault({ kind: 'unavailable', operation: 'refunds.create', times: 1 });
    await cancelRequested(orderId);
    const ours = (await shop.refundsOf(orderId)).find(({ reason }) => reason === 'order_canceled');
    return stopAtList((deps) => advanceRefund(deps, shop.tenant.id, ours?.id ?? ''));
  }

  test.each([
    ['was done', 'pm_card_refundFail'],
    ['was under way', 'pm_card_pendingRefund'],
  ])(
    'shows one that %s, came back and is to be tried again: no room is kept for it twice',
    async (_, card) => {
      const { payment, orderId } = await paid(card);
      const { id } = await inDashboard(payment.intentId, 1000);
      await tell(payment.intentId);
      await inDashboard(payment.intentId, 1000);
      const goOn = await stopAtGiveWay(orderId);
      shop.sandbox.finishRefund(id, 'failed');
      await tell(payment.intentId);
      await goOn();
      for (let looks = 0; looks < 3; looks += 1) await shop.passTime();
      expect(refundedAtStripe(orderId)).toEqual([948, 1000, 1000, 1000]);
      for (const move of shop.sandbox.journal({ order_id: orderId, type: 'refund.created' })) {
        shop.sandbox.finishRefund(move.refund ?? '', 'succeeded');
      }
      await tell(payment.intentId);
      await expectAllBack(orderId);
    },
  );

  test('shows one that came back and that nobody had seen: ours asks for all again', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    const { id } = await inDashboard(payment.intentId, 1000);
    const goOn = await stopAtGiveWay(orderId);
    shop.sandbox.finishRefund(id, 'failed');
    await tell(payment.intentId);
    await goOn();
    for (let looks = 0; looks < 3; looks += 1) await shop.passTime();
    expect(refundedAtStripe(orderId)).toEqual([1000, 2948]);
    await expectAllBack(orderId);
  });

  test('shows one that came back and is to be tried again: it does not do in place of another', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    await refund(payment.id, 1474);
    const { id } = await inDashboard(payment.intentId, 1474);
    await tell(payment.intentId);
    shop.sandbox.finishRefund(made(payment.intentId), 'failed');
    await tell(payment.intentId);
    const other = await inDashboard(payment.intentId, 1000);
    const [ours] = await shop.refundsOf(orderId);
    const goOn = await stopAtList((deps) => advanceRefund(deps, shop.tenant.id, ours?.id ?? ''));
    shop.sandbox.finishRefund(id, 'failed');
    await tell(payment.intentId);
    await goOn();
    expect(await shop.refundsOf(orderId)).toMatchObject([
      { status: 'pending', key_version: 2 },
      { status: 'pending', key_version: 2 },
    ]);
    shop.sandbox.finishRefund(other.id, 'failed');
    await shop.passTime();
    await expectAllBack(orderId);
  });
});

describe('a refund of ours that the books have lost, as after a restored backup', () => {
  const lost = (intentId: string | null, orderId: string, amount: number) =>
    inDashboard(intentId, amount, {
      refund_id: newId('refund'),
      tenant: shop.tenant.id,
      order_id: orderId,
      env: 'test',
    });

  test('is booked and told when an event names it', async () => {
    const { payment, orderId } = await paid('pm_card_visa');
    await lost(payment.intentId, orderId, 2948);
    await tell(payment.intentId);
    await expectAllBack(orderId);
    expect(await shop.toldOf(orderId)).toEqual(['payment.created', 'payment.succeeded', 'payment.refunded']);
    await tell(payment.intentId);
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([
      { status: 'succeeded', reason: 'refunded_at_provider' },
    ]);
  });

  test.each([1000, 2948])(
    '%i of it: one of ours gives way to it, and the order gets its news',
    async (cents) => {
      const { payment, orderId } = await paid('pm_card_visa');
      await lost(payment.intentId, orderId, cents);
      await cancelRequested(orderId);
      for (let looks = 0; looks < 2; looks += 1) await shop.passTime();
      expect(refundedAtStripe(orderId)).toEqual(cents === 2948 ? [2948] : [1000, 1948]);
      expect((await shop.toldOf(orderId)).at(-1)).toBe('payment.refunded');
      await expectAllBack(orderId);
    },
  );

  test('does in place of one that was told and came back', async () => {
    const { payment, orderId } = await paid('pm_card_refundFail');
    await refund(payment.id, 2948);
    shop.sandbox.finishRefund(made(payment.intentId), 'failed');
    await tell(payment.intentId);
    await lost(payment.intentId, orderId, 2948);
    await shop.passTime();
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', amount_cents: 2948 }]);
    expect((await shop.toldOf(orderId)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
    await expectAllBack(orderId);
  });

  test('and that takes its time: booked when it is done, and tried again when it comes back', async () => {
    const { payment, orderId } = await paid('pm_card_pendingRefund');
    const { id } = await lost(payment.intentId, orderId, 1000);
    await tell(payment.intentId);
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending' }]);
    shop.sandbox.finishRefund(id, 'succeeded');
    await tell(payment.intentId);
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'succeeded', key_version: 1 }]);
    await expectBalanced(shop);
    shop.sandbox.finishRefund(id, 'failed');
    await tell(payment.intentId);
    expect(await shop.refundsOf(orderId)).toMatchObject([{ status: 'pending', key_version: 2 }]);
    await expectBalanced(shop);
  });
});
