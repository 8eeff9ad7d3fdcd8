import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  captureEntries,
  type Entry,
  feeEntries,
  lateCaptureEntries,
  lateRefundEntries,
  negate,
  refundEntries,
} from './ledger.ts';

const total = (entries: readonly Entry[]) => entries.reduce((sum, { amountCents }) => sum + amountCents, 0);

test('a capture owes the tax and earns the rest', () => {
  expect(captureEntries('stripe_clearing', 2948, 113)).toEqual([
    { account: 'stripe_clearing', amountCents: 2948 },
    { account: 'revenue', amountCents: -2835 },
    { account: 'tax_payable', amountCents: -113 },
  ]);
  expect(captureEntries('bank', 2948, 0).map(({ account }) => account)).toEqual(['bank', 'revenue']);
  expect(captureEntries('bank', 0, 0)).toEqual([]);
});

test('every journal adds up to zero, and has no empty entry', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000_000_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (cents, share) => {
        const tax = Math.floor(cents * share);
        const journals = [
          captureEntries('stripe_clearing', cents, tax),
          refundEntries('bank', cents, tax),
          lateCaptureEntries(cents),
          lateRefundEntries(cents),
          feeEntries(cents),
          negate(captureEntries('bank', cents, tax)),
        ];
        for (const entries of journals) {
          expect(total(entries)).toBe(0);
          expect(entries.every(({ amountCents }) => amountCents !== 0)).toBe(true);
        }
      },
    ),
  );
});
