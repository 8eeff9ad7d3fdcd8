import { isCaptured, isOpen, type PaymentStatus } from './payment.ts';

/** What the provider says of a PaymentIntent. */
export interface IntentFacts {
  readonly id: string;
  readonly status: 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled';
  /** Null when it is no whole number of our minor units. */
  readonly amountCents: number | null;
  readonly currency: string;
  /** The last attempt's failure. `mark` differs from failure to failure. */
  readonly failure: { readonly code: string; readonly detail: string; readonly mark: string } | null;
  readonly nextActionUrl: string | null;
  readonly clientSecret: string | null;
}

export interface ObservedPayment {
  readonly status: PaymentStatus;
  readonly intentId: string | null;
  readonly amountCents: number;
  readonly currency: string;
  readonly lastFailure: string | null;
  readonly orderEnded: boolean;
}

/**
 * What an answer about a PaymentIntent means for its payment, whoever brings it and in whatever order: the call itself, a look after a
 * webhook, the reconciler.
 */
export type Observation =
  | { readonly kind: 'nothing' }
  /** The first news of the money. */
  | { readonly kind: 'captured' }
  /** Money came after the end, or for a second intent: it goes back, and belongs to nobody until then. */
  | { readonly kind: 'late' }
  | { readonly kind: 'canceled' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'open'; readonly status: PaymentStatus }
  /** It is not what was asked for: a person has to look. */
  | { readonly kind: 'mismatch' };

export function observe(payment: ObservedPayment, intent: IntentFacts): Observation {
  const isOurs = payment.intentId === null || payment.intentId === intent.id;
  const ended = payment.orderEnded || payment.status === 'canceled' || !isOurs;
  if (intent.amountCents !== payment.amountCents || intent.currency !== payment.currency) {
    return { kind: 'mismatch' };
  }
  if (intent.status === 'succeeded') {
    if (isOurs && isCaptured(payment.status)) return { kind: 'nothing' };
    return { kind: ended ? 'late' : 'captured' };
  }
  // A final state outranks every other answer, which can only be an old one.
  if (!isOurs || !isOpen(payment.status)) return { kind: 'nothing' };
  if (intent.status === 'canceled') return { kind: 'canceled' };
  if (intent.failure !== null && intent.failure.mark !== payment.lastFailure) return { kind: 'declined' };
  return { kind: 'open', status: intent.status };
}
