import { describe, expect, test } from 'vitest';
import { fromStripeAmount, toStripeAmount } from './stripe-amount.ts';

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
