import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refundAmount, refundTaxCents, saysNews, statusAfterRefund, unrefundedCents } from './refund.ts';

const payment = {
  status: 'succeeded' as const,
  method: 'card',
  currency: 'EUR',
  capturedCents: 2948,
  refundRequestedCents: 948,
};

describe('refundAmount', () => {
  test.each([
    ['all that is left', undefined, 2000],
    ['a part', 1, 1],
    ['exactly what is left', 2000, 2000],
  ])('%s', (_name, asked, expected) => {
    expect(refundAmount(payment, asked)).toBe(expected);
  });

  test.each([
    ['more than is left', payment, 2001, 'refund_amount_exceeded'],
    ['nothing left', { ...payment, refundRequestedCents: 2948 }, undefined, 'payment_refunded'],
    [
      'never captured',
      { ...payment, status: 'pending' as const, capturedCents: 0 },
      1,
      'payment_not_captured',
    ],
    ['canceled', { ...payment, status: 'canceled' as const }, 1, 'payment_not_captured'],
    ['a third decimal by card', { ...payment, currency: 'KWD' }, 5, 'refund_amount_unsupported'],
  ])('%s is refused', (_name, given, asked, code) => {
    expect(() => refundAmount(given, asked)).toThrow(expect.objectContaining({ code }));
  });

  test("a third decimal by transfer is nobody's problem", () => {
    expect(refundAmount({ ...payment, currency: 'KWD', method: 'transfer' }, 5)).toBe(5);
  });
});

test('what the provider has left counts what is under way there, and not what failed', () => {
  const listed = [
    { status: 'succeeded', amountCents: 1000 },
    { status: 'pending', amountCents: 900 },
    { status: 'failed', amountCents: 2948 },
  ];
  expect(unrefundedCents(2948, listed)).toBe(1048);
  expect(unrefundedCents(2948, [])).toBe(2948);
});

test('status after a refund', () => {
  expect(statusAfterRefund(1, 2)).toBe('partially_refunded');
  expect(statusAfterRefund(2, 2)).toBe('refunded');
});

test('the tax of the parts adds up to the tax of the whole, whatever the parts are', () => {
  const lives = fc
    .tuple(
      fc.integer({ min: 1, max: 1_000_000_000_000 }),
      fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 30 }),
    )
    .chain(([amountCents, weights]) =>
      fc.record({
        amountCents: fc.constant(amountCents),
        taxCents: fc.integer({ min: 0, max: amountCents }),
        weights: fc.constant(weights),
      }),
    );
  fc.assert(
    fc.property(lives, ({ amountCents, taxCents, weights }) => {
      const given = { amountCents, taxCents };
      let refunded = 0;
      let tax = 0;
      for (const weight of [...weights, Number.MAX_SAFE_INTEGER]) {
        const part = Math.min(weight, amountCents - refunded);
        const partTax = refundTaxCents(given, refunded, part);
        expect(partTax).toBeGreaterThanOrEqual(0);
        expect(partTax).toBeLessThanOrEqual(part + 1);
        refunded += part;
        tax += partTax;
      }
      expect([refunded, tax]).toEqual([amountCents, taxCents]);
    }),
  );
});

describe('saysNews', () => {
  test.each([
    ['a try that nobody took for ours is done', 'pending', null, 'succeeded', true],
    ['ours is done', 'pending', 're_1', 'succeeded', true],
    ['ours came back', 'succeeded', 're_1', 'failed', true],
    ['ours as we know it', 'succeeded', 're_1', 'succeeded', false],
    ['an earlier try that failed', 'pending', null, 'failed', false],
    ['an earlier try beside the one that we know', 'pending', 're_2', 'failed', false],
    ['one that was given up', 'failed', null, 'succeeded', false],
  ])('%s', (_name, status, providerId, listed, expected) => {
    expect(saysNews({ status, providerId }, { status: listed, providerId: 're_1' })).toBe(expected);
  });
});
