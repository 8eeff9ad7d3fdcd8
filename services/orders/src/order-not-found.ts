import { Problem } from '@zoco/kernel';

/** The same for an order that never was, one of another tenant and one of another buyer. */
export function orderNotFound(): Problem {
  return new Problem('not_found', 'order_not_found', 'There is no such order.');
}
