/*
 * Stripe counts like ISO 4217 with exceptions: ISK and UGX have two decimals that must be zero, and in the currencies with three
 * decimals the last one must be zero.
 * @see https://docs.stripe.com/currencies
 */

/** How many of Stripe's units one of ours is, where that is not 1. */
const UNITS: Readonly<Record<string, number>> = { ISK: 100, UGX: 100 };
const MULTIPLES: Readonly<Record<string, number>> = { BHD: 10, JOD: 10, KWD: 10, OMR: 10, TND: 10 };

/** An amount in Stripe's units; null when Stripe cannot charge it. */
export function toStripeAmount(cents: number, currency: string): number | null {
  if (cents % (MULTIPLES[currency] ?? 1) !== 0) return null;
  return cents * (UNITS[currency] ?? 1);
}

/** Stripe's amount in our minor units; null when it is no whole number of them. */
export function fromStripeAmount(amount: number, currency: string): number | null {
  const cents = amount / (UNITS[currency] ?? 1);
  return Number.isSafeInteger(cents) ? cents : null;
}
