import type { OrderStatus, PaymentStatus } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';

interface Payable {
  readonly status: OrderStatus;
  readonly currency: string;
  readonly totalCents: number;
}

/**
 * What money that arrived means for an order: `confirm` it, note that it is `paid`, or, when the order is over already, give
 * the money back as a `late` capture.
 */
export type CaptureEffect = 'confirm' | 'paid' | 'late';

/**
 * @throws Problem `payment_amount_mismatch` when it is not what the order costs, `payment_order_conflict` when the order never
 *   asked for money: both need a person
 */
export function captureEffect(
  order: Payable,
  captured: { amount_cents: number; currency: string },
): CaptureEffect {
  if (captured.amount_cents !== order.totalCents || captured.currency !== order.currency) {
    throw new Problem('conflict', 'payment_amount_mismatch', 'The payment is not for what the order costs.');
  }
  switch (order.status) {
    case 'created':
      return 'confirm';
    case 'confirmed':
    case 'cancel_pending':
    case 'shipped':
    case 'delivered':
      return 'paid';
    case 'canceled':
    case 'expired':
      return 'late';
    default:
      throw new Problem(
        'conflict',
        'payment_order_conflict',
        `A payment arrived for an order that is ${order.status}.`,
      );
  }
}

/** Payment status once `refundedCents` of `totalCents` went back. */
export function statusAfterRefund(refundedCents: number, totalCents: number): PaymentStatus {
  return refundedCents >= totalCents ? 'refunded' : 'partially_refunded';
}
