import type { OrderStatus, PaymentMethod } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';

/**
 * What canceling an order takes:
 * `void` ends the card payment first, and only then the order; `close` ends the order at once; `refund` gives the money back
 * first; `nothing` is left to do.
 */
export type CancelStep = 'void' | 'close' | 'refund' | 'nothing';

/**
 * The next step to cancel an order. Whether the window is still open is decided in SQL, by the database's clock.
 * @throws Problem `order_pending` or `order_status_conflict`
 */
export function cancelStep(order: { status: OrderStatus; paymentMethod: PaymentMethod }): CancelStep {
  switch (order.status) {
    case 'created':
      // A card can be captured at any moment by the provider, so its payment must be known to be dead. Other methods are
      // settled by staff through this system, and an order that is closed by then gets its money back.
      return order.paymentMethod === 'card' ? 'void' : 'close';
    case 'confirmed':
      return 'refund';
    case 'cancel_pending':
    case 'canceled':
      return 'nothing';
    case 'pending':
      throw new Problem(
        'conflict',
        'order_pending',
        'The order is still being placed. Try again in a moment.',
        { retryAfterSeconds: 1 },
      );
    default:
      throw statusConflict(order.status, 'canceled');
  }
}

/** The refusal of a change that the state of the order does not allow. */
export function statusConflict(status: OrderStatus, wanted: OrderStatus): Problem {
  return new Problem('conflict', 'order_status_conflict', `An order that is ${status} cannot be ${wanted}.`, {
    extensions: { order_status: status },
  });
}
