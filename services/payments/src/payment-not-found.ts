import { Problem } from '@zoco/kernel';

/** The same for a payment that never was and for one of somebody else. */
export function paymentNotFound(): Problem {
  return new Problem('not_found', 'payment_not_found', 'There is no such payment.');
}
