import { orderCanceled, orderCancelRequested, orderCreated, orderExpired } from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectBalanced } from '../fixtures/ledger.ts';
import { newOrder } from '../fixtures/order.ts';
import { type Caller, openShop, type Shop } from '../fixtures/shop.ts';

/*
 * Random lives of orders, several at once, with a provider that loses answers and a process that dies between two lines. What may
 * never happen is checked against the provider's own journal at the end of each.
 */

const TOKENS = ['pm_card_visa', 'pm_card_chargeDeclined', 'pm_card_threeDSecure2Required', 'pm_nobody', null];
const FAULTS = ['commit_then_500', 'commit_then_drop', 'fail_500', 'unavailable', 'rate_limit'] as const;
const OPERATIONS = [
  'payment_intents.create',
  'payment_intents.confirm',
  'payment_intents.cancel',
  'payment_intents.retrieve',
  'refunds.create',
];
const POINTS = [
  'before-pi-create',
  'after-pi-create-before-save',
  'after-pi-confirm',
  'after-pi-cancel',
  'before-payment-save-commit',
  'after-payment-save',
  'after-refund-call',
  'before-refund-save-commit',
];

type Step =
  | { kind: 'pay'; token: (typeof TOKENS)[number] }
  | { kind: 'authenticate'; outcome: 'complete' | 'fail' }
  | { kind: 'refund'; share: number }
  | { kind: 'void' | 'expire' | 'cancel_requested' | 'cancel' | 'webhooks' | 'time' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('pay' as const), token: fc.constantFrom(...TOKENS) }),
  fc.record({
    kind: fc.constant('authenticate' as const),
    outcome: fc.constantFrom('complete' as const, 'fail' as const),
  }),
  fc.record({ kind: fc.constant('refund' as const), share: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
  fc.record({
    kind: fc.constantFrom(
      'void' as const,
      'expire' as const,
      'cancel_requested' as const,
      'cancel' as const,
      'webhooks' as const,
      'time' as const,
    ),
  }),
);

const life = fc.record({
  currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
  total: fc.integer({ min: 100, max: 90_000 }),
  taxShare: fc.double({ min: 0, max: 1, noNaN: true }),
  token: fc.constantFrom(...TOKENS),
  steps: fc.array(step, { maxLength: 7 }),
  faults: fc.array(
    fc.record({ kind: fc.constantFrom(...FAULTS), operation: fc.constantFrom(...OPERATIONS) }),
    { maxLength: 3 },
  ),
  crashes: fc.array(fc.constantFrom(...POINTS), { maxLength: 2 }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

test('no life of a payment charges twice, keeps what is not owed, or loses a cent', async () => {
  await using shop = await openShop({ timeoutMs: 1000, retriesMax: 0 });
  const staff = await shop.addStaff();
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 3 }), async (lives) => {
      const orders = await Promise.all(lives.map((one) => live(shop, staff, one)));
      shop.failpoint = () => {};
      shop.sandbox.clearFaults();
      for (let count = 0; count < 4; count += 1) await shop.passTime();
      for (const orderId of orders) await expectRight(shop, orderId);
      await expectBalanced(shop);
      await Promise.all(orders.map((orderId) => expire(shop, orderId)));
      for (let count = 0; count < 2; count += 1) await shop.passTime();
      for (const orderId of orders) {
        await expectRight(shop, orderId);
        expect((await shop.find(orderId)).status).toMatch(/^(canceled|refunded)$/);
      }
      await expectBalanced(shop);
    }),
    { numRuns: 300, endOnFailure: true },
  );
}, 580_000);

async function live(shop: Shop, staff: Caller, one: Life): Promise<Id<'order'>> {
  const buyer = await shop.addBuyer();
  const total = one.currency === 'KWD' ? one.total * 10 : one.total;
  const order = newOrder({
    user_id: buyer.userId,
    currency: one.currency,
    total_cents: total,
    tax_cents: Math.floor(total * one.taxShare),
    payment_token: one.token,
  });
  const orderId = order.order_id;
  for (const fault of one.faults) shop.sandbox.addFault({ ...fault, order_id: orderId, times: 1 });
  const crashes = [...one.crashes];
  const before = shop.failpoint;
  shop.failpoint = (name) => {
    before(name);
    if (name !== crashes[0]) return;
    crashes.shift();
    throw new Error(`crash at ${name}`);
  };
  await shop.deliver(orderCreated, order);
  for (const next of one.steps) await take(shop, staff, buyer, orderId, next).catch(() => {});
  return orderId;
}

const expire = (shop: Shop, orderId: Id<'order'>) =>
  shop.deliver(orderExpired, { order_id: orderId, expired_at: new Date().toISOString() });

async function take(
  shop: Shop,
  staff: Caller,
  buyer: Caller,
  orderId: Id<'order'>,
  next: Step,
): Promise<void> {
  const key = { 'idempotency-key': `key-${newId('event')}` };
  const at = new Date().toISOString();
  const payment = await shop.find(orderId);
  switch (next.kind) {
    case 'pay':
      await shop.request('POST', '/payments', {
        headers: { ...buyer.headers, ...key },
        body: {
          order_id: orderId,
          payment_method: 'card',
          ...(next.token === null ? {} : { payment_token: next.token }),
        },
      });
      return;
    case 'authenticate':
      if (payment.intentId !== null) shop.sandbox.authenticate(payment.intentId, next.outcome);
      return;
    case 'refund': {
      const cents = Math.ceil((payment.amountCents * next.share) / 10) * 10;
      const body = { reason: 'random', amount_cents: cents };
      await shop.request('POST', `/payments/${payment.id}/refunds`, {
        headers: { ...staff.headers, ...key },
        body,
      });
      return;
    }
    case 'void':
      await shop.callAs('orders', `/internal/payments/${orderId}/void`);
      return;
    case 'expire':
      return expire(shop, orderId);
    case 'cancel_requested':
      return shop.deliver(orderCancelRequested, { order_id: orderId, reason: 'random', requested_at: at });
    case 'cancel':
      return shop.deliver(orderCanceled, {
        order_id: orderId,
        reason: 'random',
        was_confirmed: false,
        canceled_at: at,
      });
    case 'webhooks': {
      // Also those of an intent that nobody here has heard of yet.
      const [made] = shop.sandbox.journal({ order_id: orderId });
      for (const event of await shop.stripeEvents(made?.payment_intent ?? null)) await shop.sendHook(event);
      return;
    }
    default:
      return shop.passTime();
  }
}

/** Our view of an order's money is the provider's, and nothing is kept that is not owed. */
async function expectRight(shop: Shop, orderId: string): Promise<void> {
  const payment = await shop.find(orderId);
  const moves = shop.sandbox.journal({ order_id: orderId });
  const sum = (type: string) =>
    moves.filter((move) => move.type === type).reduce((total, { amount }) => total + amount, 0);
  const charged = sum('charge.succeeded');
  const returned = sum('refund.created');
  const refunds = await shop.refundsOf(orderId);
  const late = refunds
    .filter(({ is_late }) => is_late)
    .reduce((total, { amount_cents }) => total + amount_cents, 0);
  const count = (type: string) => moves.filter((move) => move.type === type).length;
  expect(count('charge.succeeded')).toBeLessThanOrEqual(1);
  expect(count('charge.failed')).toBeLessThanOrEqual(payment.attempt);
  expect({ charged, returned }).toEqual({
    charged: payment.capturedCents + late,
    returned: payment.refundedCents + late,
  });
  expect(payment.refundedCents).toBe(payment.refundRequestedCents);
  const isKept = charged > returned;
  expect(payment.orderEnded && isKept).toBe(false);
  const told = await shop.toldOf(orderId);
  const countTold = (type: string) => told.filter((one) => one === type).length;
  expect(countTold('payment.succeeded')).toBe(payment.capturedCents > 0 ? 1 : 0);
  expect(countTold('payment.refunded')).toBe(refunds.filter(({ is_late }) => !is_late).length);
  const versions = (await shop.eventsOf(payment.id)).map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
}
