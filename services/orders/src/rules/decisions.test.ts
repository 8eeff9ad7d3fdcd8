import { orderStatus, type OrderStatus, type PaymentMethod } from '@zoco/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cancelStep } from './cancellation.ts';
import { expiryOf } from './expiry.ts';
import { canBecome } from './order.ts';
import { captureEffect, statusAfterRefund } from './payment.ts';
import { checkPlacement, mergeItems, type Placement } from './placement.ts';

describe('cancelStep', () => {
  test.each<[OrderStatus, PaymentMethod, string]>([
    ['created', 'card', 'void'],
    ['created', 'transfer', 'close'],
    ['created', 'on_account', 'close'],
    ['confirmed', 'card', 'refund'],
    ['confirmed', 'on_account', 'refund'],
    ['cancel_pending', 'card', 'nothing'],
    ['canceled', 'card', 'nothing'],
  ])('%s by %s: %s', (status, paymentMethod, expected) => {
    expect(cancelStep({ status, paymentMethod })).toBe(expected);
  });

  test.each<[OrderStatus, string]>([
    ['pending', 'order_pending'],
    ['rejected', 'order_status_conflict'],
    ['expired', 'order_status_conflict'],
    ['shipped', 'order_status_conflict'],
    ['delivered', 'order_status_conflict'],
  ])('%s is refused', (status, code) => {
    expect(() => cancelStep({ status, paymentMethod: 'card' })).toThrow(expect.objectContaining({ code }));
  });
});

describe('captureEffect', () => {
  const captured = { amount_cents: 2948, currency: 'EUR' };
  const order = (status: OrderStatus) => ({ status, currency: 'EUR', totalCents: 2948 });

  test.each<[OrderStatus, string]>([
    ['created', 'confirm'],
    ['confirmed', 'paid'],
    ['cancel_pending', 'paid'],
    ['shipped', 'paid'],
    ['delivered', 'paid'],
    ['canceled', 'late'],
    ['expired', 'late'],
  ])('%s: %s', (status, expected) => {
    expect(captureEffect(order(status), captured)).toBe(expected);
  });

  test.each(['pending', 'rejected'] as const)('%s never asked for money', (status) => {
    expect(() => captureEffect(order(status), captured)).toThrow(
      expect.objectContaining({ code: 'payment_order_conflict' }),
    );
  });

  test('money that is not the price confirms nothing, in any state', () => {
    const others = fc.oneof(
      fc.record({ amount_cents: fc.nat().filter((cents) => cents !== 2948), currency: fc.constant('EUR') }),
      fc.record({ amount_cents: fc.constant(2948), currency: fc.constantFrom('USD', 'JPY', 'eur') }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...orderStatus.options), others, (status, wrong) => {
        expect(() => captureEffect(order(status), wrong)).toThrow(
          expect.objectContaining({ code: 'payment_amount_mismatch' }),
        );
      }),
    );
  });

  test('it confirms exactly where the table of states lets it', () => {
    for (const status of orderStatus.options) {
      if (status === 'pending' || status === 'rejected') continue;
      const confirms = captureEffect(order(status), captured) === 'confirm';
      expect(confirms).toBe(canBecome(status, 'confirmed'));
    }
  });
});

test.each([
  [0, 'partially_refunded'],
  [1, 'partially_refunded'],
  [2947, 'partially_refunded'],
  [2948, 'refunded'],
])('%s of 2948 cents back: %s', (refunded, expected) => {
  expect(statusAfterRefund(refunded, 2948)).toBe(expected);
});

test.each<[PaymentMethod, string | null]>([
  ['card', '2026-11-22T10:15:00.000Z'],
  ['transfer', '2026-11-29T10:00:00.000Z'],
  ['on_account', null],
])('an order by %s expires at %s', (method, expected) => {
  const ms = expiryOf(method, new Date('2026-11-22T10:00:00Z'), { reservationMinutes: 15, transferDays: 7 });
  expect(ms === null ? null : new Date(ms).toISOString()).toBe(expected);
});

describe('mergeItems', () => {
  test('adds up lines of one product and keeps the order of first mention', () => {
    const items = [
      { product_id: 'b', quantity: 1 },
      { product_id: 'a', quantity: 2 },
      { product_id: 'b', quantity: 3 },
    ];
    expect(mergeItems(items)).toEqual([
      { product_id: 'b', quantity: 4 },
      { product_id: 'a', quantity: 2 },
    ]);
  });

  test('loses no unit', () => {
    const anyItem = fc.record({
      product_id: fc.constantFrom('a', 'b', 'c'),
      quantity: fc.integer({ min: 1, max: 99 }),
    });
    const units = (items: readonly { quantity: number }[]) =>
      items.reduce((total, item) => total + item.quantity, 0);
    fc.assert(
      fc.property(fc.array(anyItem), (items) => {
        expect(units(mergeItems(items))).toBe(units(items));
      }),
    );
  });
});

describe('checkPlacement', () => {
  const limits = { linesMax: 2, quantityMax: 10 };
  const buyer = { isStaff: false, isPerson: true };
  const staff = { isStaff: true, isPerson: true };
  const apiKey = { isStaff: true, isPerson: false };
  const placement = (overrides: Partial<Placement> = {}): Placement => ({
    items: [{ product_id: 'a', quantity: 1 }],
    customerId: null,
    reference: null,
    paymentMethod: 'card',
    paymentToken: null,
    ...overrides,
  });

  test.each([
    ['a buyer for themselves', placement({ paymentToken: 'pm_card_visa' }), buyer],
    ['a buyer by transfer', placement({ paymentMethod: 'transfer' }), buyer],
    ['staff for themselves', placement(), staff],
    ['staff for a customer', placement({ customerId: 'cus', paymentMethod: 'on_account' }), staff],
    ['an API key for a customer', placement({ customerId: 'cus', reference: 'PO-17' }), apiKey],
    [
      'as much as is allowed',
      placement({
        items: [
          { product_id: 'a', quantity: 10 },
          { product_id: 'b', quantity: 10 },
        ],
      }),
      buyer,
    ],
  ])('lets %s order', (_name, given, by) => {
    expect(() => checkPlacement(given, by, limits)).not.toThrow();
  });

  test('a buyer may not order for a customer', () => {
    expect(() => checkPlacement(placement({ customerId: 'cus' }), buyer, limits)).toThrow(
      expect.objectContaining({ code: 'order_customer_forbidden', status: 403 }),
    );
  });

  test.each([
    ['an API key for itself', placement(), apiKey, ['customer_id']],
    ['a reference of nobody', placement({ reference: 'PO-17' }), staff, ['reference']],
    ['a buyer on account', placement({ paymentMethod: 'on_account' }), buyer, ['payment_method']],
    [
      'a token without a card',
      placement({ paymentMethod: 'transfer', paymentToken: 'pm' }),
      buyer,
      ['payment_token'],
    ],
    ['too many units', placement({ items: [{ product_id: 'a', quantity: 11 }] }), buyer, ['items']],
    [
      'too many lines, and a token without a card',
      placement({
        items: ['a', 'b', 'c'].map((id) => ({ product_id: id, quantity: 1 })),
        paymentMethod: 'transfer',
        paymentToken: 'pm',
      }),
      buyer,
      ['items', 'payment_token'],
    ],
  ])('refuses %s and names the fields', (_name, given, by, fields) => {
    expect(() => checkPlacement(given, by, limits)).toThrow(
      expect.objectContaining({
        status: 422,
        errors: fields.map((field) => expect.objectContaining({ field })),
      }),
    );
  });
});
