import type { PaymentMethod } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { ATTEMPTS_MAX, isCaptured, type PaymentStatus } from './payment.ts';

export interface Payable {
  readonly method: PaymentMethod;
  readonly status: PaymentStatus;
  readonly attempt: number;
  readonly settledAttempt: number;
  readonly failures: number;
  readonly cancelReason: string | null;
  readonly orderEnded: boolean;
  readonly isWindowOver: boolean;
}

export interface PayableRequest {
  readonly method: PaymentMethod;
  readonly hasToken: boolean;
}

/**
 * Whether a payment may be paid now.
 * @throws Problem with the reason why not
 */
export function checkPayable(payment: Payable, request: PayableRequest): void {
  if (payment.method !== request.method) {
    throw refuse('payment_method_mismatch', `This order is paid by ${payment.method}.`);
  }
  if (isCaptured(payment.status)) throw refuse('payment_already_captured', 'This order is paid already.');
  if (payment.status === 'canceled' || payment.cancelReason !== null || payment.orderEnded) {
    throw refuse('payment_canceled', 'This payment was ended; no money can come for it.');
  }
  if (payment.isWindowOver) {
    throw refuse('payment_window_over', 'The time to pay this order is over. Place it again.');
  }
  if (!request.hasToken) return;
  if (payment.method !== 'card') {
    throw refuse('payment_token_unused', `A payment by ${payment.method} takes no token.`);
  }
  if (payment.attempt > payment.settledAttempt || payment.status === 'processing') {
    throw refuse('payment_in_progress', 'An attempt to pay is under way. Wait for its outcome.');
  }
  if (Math.max(payment.attempt, payment.failures) >= ATTEMPTS_MAX) {
    throw refuse('payment_attempts_exhausted', `This order was tried ${ATTEMPTS_MAX} times. Place it again.`);
  }
}

const refuse = (code: string, detail: string) => new Problem('conflict', code, detail);
