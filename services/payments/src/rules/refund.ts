import { Problem } from '@zoco/kernel';
import { isCaptured, type PaymentStatus } from './payment.ts';
import { toStripeAmount } from './stripe-amount.ts';

export interface Refundable {
  readonly status: PaymentStatus;
  readonly method: string;
  readonly currency: string;
  readonly capturedCents: number;
  /** Refunds that were asked for, done or not. */
  readonly refundRequestedCents: number;
}

/** What can still be given back. */
export function refundableCents(payment: Refundable): number {
  return payment.capturedCents - payment.refundRequestedCents;
}

/** What the provider can still give back, by its own list of refunds. */
export function unrefundedCents(
  capturedCents: number,
  listed: readonly { readonly status: string; readonly amountCents: number | null }[],
): number {
  return listed
    .filter(({ status }) => status !== 'failed')
    .reduce((restCents, { amountCents }) => restCents - (amountCents ?? 0), capturedCents);
}

/**
 * Whether what the provider's list shows of a refund that we asked for is a reason to look at it. Another one for the same wish is an
 * earlier try, and so is one that failed and that nobody took for ours.
 */
export function saysNews(
  refund: { readonly status: string; readonly providerId: string | null },
  listed: { readonly status: string; readonly providerId: string },
): boolean {
  if (refund.status === 'failed' || refund.status === listed.status) return false;
  return refund.providerId === null ? listed.status !== 'failed' : refund.providerId === listed.providerId;
}

/**
 * Amount of a refund: what was asked for, or all that is left.
 * @throws Problem `payment_not_captured`, `payment_refunded`, `refund_amount_exceeded`, `refund_amount_unsupported`
 */
export function refundAmount(payment: Refundable, askedCents: number | undefined): number {
  if (!isCaptured(payment.status)) {
    throw new Problem('conflict', 'payment_not_captured', 'No money was received that could go back.');
  }
  const restCents = refundableCents(payment);
  if (restCents === 0) {
    throw new Problem('conflict', 'payment_refunded', 'All of this payment went back already.');
  }
  const amountCents = askedCents ?? restCents;
  if (amountCents > restCents) {
    throw new Problem(
      'conflict',
      'refund_amount_exceeded',
      `Only ${restCents} of this payment can go back.`,
      {
        extensions: { refundable_cents: restCents },
      },
    );
  }
  if (payment.method === 'card' && toStripeAmount(amountCents, payment.currency) === null) {
    throw new Problem(
      'invalid',
      'refund_amount_unsupported',
      `Cards take amounts in ${payment.currency} only in steps of 10 minor units.`,
    );
  }
  return amountCents;
}

/** Status of a payment after `refundedCents` of it went back. */
export function statusAfterRefund(refundedCents: number, capturedCents: number): PaymentStatus {
  return refundedCents >= capturedCents ? 'refunded' : 'partially_refunded';
}

/**
 * The tax within one refund of several. Each is the difference of two rounded running shares, so that the parts of a payment that is
 * refunded bit by bit add up to its tax exactly.
 */
export function refundTaxCents(
  payment: { readonly amountCents: number; readonly taxCents: number },
  refundedBeforeCents: number,
  refundCents: number,
): number {
  return taxShare(payment, refundedBeforeCents + refundCents) - taxShare(payment, refundedBeforeCents);
}

function taxShare(
  payment: { readonly amountCents: number; readonly taxCents: number },
  cents: number,
): number {
  if (payment.amountCents === 0) return 0;
  const whole = BigInt(payment.amountCents);
  // Half up, in integers.
  return Number((BigInt(payment.taxCents) * BigInt(cents) * 2n + whole) / (whole * 2n));
}
