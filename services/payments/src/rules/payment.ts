export const PAYMENT_STATUSES = [
  'pending',
  'requires_payment_method',
  'requires_action',
  'processing',
  'succeeded',
  'partially_refunded',
  'refunded',
  'canceled',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/**
 * What a payment may become. `pending` waits for the provider, or for money by transfer or on account; the `requires_*` wait for the
 * buyer. Once captured it only goes on to refunds, and never back.
 */
export const NEXT: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  pending: ['requires_payment_method', 'requires_action', 'processing', 'succeeded', 'canceled'],
  requires_payment_method: ['requires_action', 'processing', 'succeeded', 'canceled'],
  requires_action: ['requires_payment_method', 'processing', 'succeeded', 'canceled'],
  processing: ['requires_payment_method', 'requires_action', 'succeeded', 'canceled'],
  succeeded: ['partially_refunded', 'refunded'],
  partially_refunded: ['refunded'],
  refunded: [],
  canceled: [],
};

/** Whether money can still come. */
export function isOpen(status: PaymentStatus): boolean {
  return NEXT[status].includes('canceled');
}

/** Whether money came, however much of it went back since. */
export function isCaptured(status: PaymentStatus): boolean {
  return status === 'succeeded' || status === 'partially_refunded' || status === 'refunded';
}

/** Most attempts to charge one payment: who tries more cards than that is trying out cards. */
export const ATTEMPTS_MAX = 5;
