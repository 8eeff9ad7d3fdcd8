import type { OrderStatus } from '@zoco/contracts';

/**
 * The life of an order: every edge there is. The database holds the same table in a trigger and refuses any other edge.
 * A test compares the two.
 */
export const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  pending: ['created', 'rejected'],
  created: ['confirmed', 'canceled', 'expired'],
  confirmed: ['shipped', 'cancel_pending'],
  cancel_pending: ['canceled'],
  shipped: ['delivered'],
  rejected: [],
  canceled: [],
  expired: [],
  delivered: [],
};

/** Whether an order in `from` may become `to` in one step. */
export function canBecome(from: OrderStatus, to: OrderStatus): boolean {
  return NEXT[from].includes(to);
}

/** Whether nothing can follow `status`. */
export function isFinal(status: OrderStatus): boolean {
  return NEXT[status].length === 0;
}
