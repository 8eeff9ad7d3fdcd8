import { type Id, newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import type { Failpoint } from '@zoco/service';
import { findState, insertTombstone, logMoves, settle } from '../db/reservations.ts';
import { settlements } from '../metrics.ts';
import { recordStock } from '../product-events.ts';
import { EFFECTS, type Settlement, settleOtherwise } from '../rules/reservation.ts';

/**
 * Ends a reservation: commits it, releases it, or returns what was committed. Repeatable; comes back with the products whose
 * stock changed. Runs in the transaction of whoever asks, so that a consumer marks its event in the same one.
 * @throws Problem `reservation_…` when it contradicts what has happened
 */
export async function settleReservation(
  tx: Tx,
  orderId: Id<'order'>,
  settlement: Settlement,
  failpoint: Failpoint,
): Promise<Id<'product'>[]> {
  const effect = EFFECTS[settlement];
  const settled = await settle(tx, orderId, effect);
  if (settled !== undefined) {
    const moves = settled.map((row) => ({
      id: newId('stockMove'),
      product_id: row.product_id,
      on_hand_delta: effect.onHand * row.quantity,
      reserved_delta: effect.reserved * row.quantity,
      on_hand_after: row.on_hand,
      reserved_after: row.reserved,
    }));
    await Promise.all([logMoves(tx, orderId, settlement, moves), recordStock(tx, settled, settlement)]);
    tx.onCommit(() => settlements.inc({ settlement }));
    failpoint(`catalog-${settlement}-written`);
    return settled.map((row) => row.product_id);
  }
  const otherwise = settleOtherwise(settlement, await findState(tx, orderId));
  if (otherwise === 'nothing') return [];
  if (otherwise === 'tombstone' && (await insertTombstone(tx, orderId))) return [];
  const before = otherwise === 'commit' ? await settleReservation(tx, orderId, 'commit', failpoint) : [];
  // Somebody was faster between two looks: look again.
  return [...before, ...(await settleReservation(tx, orderId, settlement, failpoint))];
}
