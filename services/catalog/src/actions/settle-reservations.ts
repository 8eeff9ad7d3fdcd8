import type { Cause } from '@zoco/events';
import { type Id, newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import type { Failpoint } from '@zoco/service';
import {
  changeStock,
  findState,
  insertTombstone,
  logMoves,
  settle,
  type SettledUnits,
} from '../db/reservations.ts';
import { settlements } from '../metrics.ts';
import { recordStock } from '../product-events.ts';
import { EFFECTS, movesOf, needsOf, type Settlement, settleOtherwise } from '../rules/reservation.ts';

/** An order whose reservation ends, and the event that ends it. */
export interface Settling {
  readonly orderId: Id<'order'>;
  readonly cause?: Cause;
}

/**
 * Ends reservations: commits them, releases them, or returns what was committed. Repeatable; comes back with the products whose
 * stock changed. Runs in the transaction of whoever asks, so that a consumer marks its events in the same one.
 * @param orders different ones
 * @throws Problem `reservation_…` when one of them contradicts what has happened
 */
export async function settleReservations(
  tx: Tx,
  orders: readonly Settling[],
  settlement: Settlement,
  failpoint: Failpoint,
): Promise<Id<'product'>[]> {
  const orderIds = orders.map(({ orderId }) => orderId);
  const { settled, units } = await settle(tx, orderIds, EFFECTS[settlement]);
  const changed = units.length === 0 ? [] : await moveStock(tx, orders, units, settlement);
  tx.onCommit(() => settlements.inc({ settlement }, settled.size));
  if (settled.size > 0) failpoint(`catalog-${settlement}-written`);
  for (const order of orders) {
    if (!settled.has(order.orderId)) changed.push(...(await settleOther(tx, order, settlement, failpoint)));
  }
  return changed;
}

async function moveStock(
  tx: Tx,
  orders: readonly Settling[],
  units: readonly SettledUnits[],
  settlement: Settlement,
): Promise<Id<'product'>[]> {
  const effect = EFFECTS[settlement];
  const rows = await changeStock(tx, needsOf(units), effect);
  const moves = movesOf(units, rows, effect).map((move) => ({ ...move, id: newId('stockMove') }));
  logMoves(tx, settlement, moves);
  const causes = new Map(orders.map(({ orderId, cause }) => [orderId, cause]));
  const causeOf = new Map(units.map(({ product_id: id, order_id: orderId }) => [id, causes.get(orderId)]));
  await recordStock(tx, rows, settlement, causeOf);
  return rows.map((row) => row.product_id);
}

/** The reservation was not in the state that the settlement starts from. */
async function settleOther(
  tx: Tx,
  order: Settling,
  settlement: Settlement,
  failpoint: Failpoint,
): Promise<Id<'product'>[]> {
  const otherwise = settleOtherwise(settlement, await findState(tx, order.orderId));
  if (otherwise === 'nothing') return [];
  if (otherwise === 'tombstone' && (await insertTombstone(tx, order.orderId))) return [];
  const before = otherwise === 'commit' ? await settleReservations(tx, [order], 'commit', failpoint) : [];
  // Somebody was faster between two looks: look again.
  return [...before, ...(await settleReservations(tx, [order], settlement, failpoint))];
}
