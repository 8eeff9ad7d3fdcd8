import { newId } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import { orderAgeMs } from './order-age.ts';
import { checkPayable, type Payable } from './paying.ts';
import { isCaptured, isOpen, NEXT, PAYMENT_STATUSES } from './payment.ts';
import { reconcileDelaySeconds } from './reconcile.ts';
import { fromStripeAmount, toStripeAmount } from './stripe-amount.ts';
import { isOldNews, isTimely } from './webhook.ts';

describe('amounts at Stripe', () => {
  test.each([
    ['EUR', 2948, 2948],
    ['JPY', 2948, 2948],
    ['KWD', 2950, 2950],
    ['ISK', 2948, 294_800],
    ['UGX', 5, 500],
  ])('%s %i is %i there and back', (currency, cents, amount) => {
    expect(toStripeAmount(cents, currency)).toBe(amount);
    expect(fromStripeAmount(amount, currency)).toBe(cents);
  });

  test('what cannot be said is no amount', () => {
    expect(toStripeAmount(2948, 'KWD')).toBeNull();
    expect(fromStripeAmount(550, 'ISK')).toBeNull();
  });
});

test('each look waits twice as long as the one before, up to the maximum', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 100].map((tries) => reconcileDelaySeconds(tries, 30, 600));
  expect(waits).toEqual([30, 30, 60, 120, 240, 480, 600, 600]);
});

test('the age of an order is in its id', () => {
  const now = new Date();
  const age = orderAgeMs(newId('order'), now);
  expect(Math.abs(age)).toBeLessThan(2000);
  expect(orderAgeMs('ord_00000000000000000000000000', now)).toBe(now.getTime());
});

test('money that came is never open again; every state is one or the other or over', () => {
  for (const status of PAYMENT_STATUSES) {
    expect(isOpen(status) && isCaptured(status)).toBe(false);
    for (const next of NEXT[status]) expect(isCaptured(status) && isOpen(next)).toBe(false);
  }
  expect(PAYMENT_STATUSES.filter((status) => !isOpen(status) && !isCaptured(status))).toEqual(['canceled']);
});

describe('checkPayable', () => {
  const payable: Payable = {
    method: 'card',
    status: 'requires_payment_method',
    attempt: 1,
    settledAttempt: 1,
    failures: 1,
    cancelReason: null,
    orderEnded: false,
    isWindowOver: false,
  };
  const byCard = { method: 'card', hasToken: true } as const;

  test.each<[string, Partial<Payable>, boolean]>([
    ['after a decline', {}, true],
    ['instead of authenticating', { status: 'requires_action' }, true],
    ['to have the client secret, while an attempt is open', { attempt: 2 }, false],
    ['the fifth time', { attempt: 4, settledAttempt: 4 }, true],
  ])('may be paid %s', (_name, given, hasToken) => {
    expect(() => checkPayable({ ...payable, ...given }, { method: 'card', hasToken })).not.toThrow();
  });

  test.each<[Partial<Payable>, string]>([
    [{ method: 'transfer' }, 'payment_method_mismatch'],
    [{ status: 'succeeded' }, 'payment_already_captured'],
    [{ status: 'refunded' }, 'payment_already_captured'],
    [{ status: 'canceled' }, 'payment_canceled'],
    [{ cancelReason: 'order_voided' }, 'payment_canceled'],
    [{ orderEnded: true }, 'payment_canceled'],
    [{ isWindowOver: true }, 'payment_window_over'],
    [{ attempt: 2 }, 'payment_in_progress'],
    [{ status: 'processing' }, 'payment_in_progress'],
    [{ attempt: 5, settledAttempt: 5 }, 'payment_attempts_exhausted'],
    [{ failures: 5 }, 'payment_attempts_exhausted'],
  ])('%o: %s', (given, code) => {
    expect(() => checkPayable({ ...payable, ...given }, byCard)).toThrow(expect.objectContaining({ code }));
  });

  test('a transfer takes no token', () => {
    const given = { ...payable, method: 'transfer' as const };
    expect(() => checkPayable(given, { method: 'transfer', hasToken: true })).toThrow(
      expect.objectContaining({ code: 'payment_token_unused' }),
    );
  });
});

describe('webhooks', () => {
  test.each([
    ['payment_intent.succeeded', 'succeeded', true],
    ['payment_intent.succeeded', 'refunded', true],
    ['payment_intent.succeeded', 'pending', false],
    ['payment_intent.succeeded', 'canceled', false],
    ['payment_intent.canceled', 'canceled', true],
    ['payment_intent.canceled', 'pending', false],
    ['payment_intent.payment_failed', 'succeeded', true],
    ['payment_intent.payment_failed', 'requires_payment_method', false],
    ['charge.refunded', 'succeeded', false],
    ['refund.updated', 'refunded', false],
  ] as const)('%s of one that is %s is old news: %s', (type, status, expected) => {
    expect(isOldNews(type, status)).toBe(expected);
  });

  test.each([
    ['t=1000,v1=x', true],
    ['t=700,v1=x', true],
    ['t=1300,v1=x', true],
    ['t=699,v1=x', false],
    ['t=1301,v1=x', false],
    ['v1=x', false],
    ['t=,v1=x', false],
    ['t=1000,t=5,v1=x', false],
    ['t=1e3,v1=x', false],
    ['t=NaN', false],
  ])('%s is in time: %s', (header, expected) => {
    expect(isTimely(header, 1000, 300)).toBe(expected);
  });
});
