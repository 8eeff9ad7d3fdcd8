import type { PaymentMethod } from '@zoco/contracts';
import { assertNever } from '@zoco/kernel';

export interface ExpiryRules {
  /** How long a card payment holds the stock: the tenant's setting. */
  readonly reservationMinutes: number;
  /** How long a bank transfer may take. */
  readonly transferDays: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * When an unpaid order expires, in milliseconds since the epoch. Orders on account wait for staff and never expire by
 * themselves.
 * @param now time of the database
 */
export function expiryOf(method: PaymentMethod, now: Date, rules: ExpiryRules): number | null {
  switch (method) {
    case 'card':
      return now.getTime() + rules.reservationMinutes * MINUTE_MS;
    case 'transfer':
      return now.getTime() + rules.transferDays * DAY_MS;
    case 'on_account':
      return null;
    default:
      return assertNever(method);
  }
}
