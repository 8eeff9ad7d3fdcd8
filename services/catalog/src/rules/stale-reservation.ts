import type { OrderStatus } from '@zoco/contracts';
import type { Settlement } from './reservation.ts';

const SETTLEMENTS: Readonly<Record<OrderStatus, Settlement | undefined>> = {
  // Undecided: orders ends these by itself.
  pending: undefined,
  created: undefined,
  rejected: 'release',
  expired: 'release',
  confirmed: 'commit',
  cancel_pending: 'commit',
  shipped: 'commit',
  delivered: 'commit',
  // It may have been confirmed before. A return gives the units back either way, and whichever events of the order still
  // come find nothing left to do.
  canceled: 'return',
};

/** What to do with a reservation that is still held; `undefined` for an order that never was. */
export function settlementOf(status: OrderStatus | undefined): Settlement | undefined {
  return status === undefined ? 'release' : SETTLEMENTS[status];
}
