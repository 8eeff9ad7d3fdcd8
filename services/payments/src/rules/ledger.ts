/** Accounts. Debits are positive, credits negative; every journal adds up to zero in its currency. */
export const ACCOUNTS = [
  /** What Stripe owes us. */
  'stripe_clearing',
  /** Money that arrived by transfer. */
  'bank',
  'revenue',
  'tax_payable',
  /** Money that belongs to a buyer: zero at rest. */
  'customer_suspense',
  'stripe_fees',
] as const;
export type Account = (typeof ACCOUNTS)[number];

export const JOURNAL_KINDS = [
  'capture',
  'settlement',
  'refund',
  /** A refund that the bank sent back. */
  'refund_return',
  'late_capture',
  'late_refund',
  'fee',
  'payout',
] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

export interface Entry {
  readonly account: Account;
  readonly amountCents: number;
}

/** Where the money of a payment lies. */
export type MoneyAccount = 'stripe_clearing' | 'bank';

/** Money came for an order: the tax in it is not ours. */
export function captureEntries(money: MoneyAccount, amountCents: number, taxCents: number): Entry[] {
  return entries([money, amountCents], ['revenue', taxCents - amountCents], ['tax_payable', -taxCents]);
}

/** The opposite of a capture, for a part of it. */
export function refundEntries(money: MoneyAccount, amountCents: number, taxCents: number): Entry[] {
  return negate(captureEntries(money, amountCents, taxCents));
}

/** Money came for an order that is over. */
export function lateCaptureEntries(amountCents: number): Entry[] {
  return entries(['stripe_clearing', amountCents], ['customer_suspense', -amountCents]);
}

export function lateRefundEntries(amountCents: number): Entry[] {
  return negate(lateCaptureEntries(amountCents));
}

/** What Stripe keeps of a charge. */
export function feeEntries(feeCents: number): Entry[] {
  return entries(['stripe_fees', feeCents], ['stripe_clearing', -feeCents]);
}

export function negate(lines: readonly Entry[]): Entry[] {
  return lines.map(({ account, amountCents }) => ({ account, amountCents: -amountCents }));
}

/** An entry of nothing is no entry. */
function entries(...lines: readonly (readonly [Account, number])[]): Entry[] {
  return lines.flatMap(([account, amountCents]) => (amountCents === 0 ? [] : [{ account, amountCents }]));
}
