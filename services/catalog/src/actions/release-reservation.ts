import type { Id } from '@zoco/kernel';
import type { Ctx, Failpoint } from '@zoco/service';
import { settleReservations } from './settle-reservations.ts';

/** Releases what an order holds; for one that reserved nothing, sees to it that it never will. Repeatable. */
export function releaseReservation(
  ctx: Ctx,
  orderId: Id<'order'>,
  failpoint: Failpoint,
): Promise<Id<'product'>[]> {
  return ctx.transact((tx) => settleReservations(tx, [{ orderId }], 'release', failpoint));
}
