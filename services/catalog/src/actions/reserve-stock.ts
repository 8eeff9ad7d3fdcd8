import type { Reservation } from '@zoco/contracts';
import { type Id, newId, Problem } from '@zoco/kernel';
import type { Ctx, Failpoint } from '@zoco/service';
import { claimAndHold, findReservation, type HoldRow, keepHold } from '../db/reservations.ts';
import { lockStock } from '../db/stock.ts';
import { reservations } from '../metrics.ts';
import { recordStock } from '../product-events.ts';
import { needsOf, replayOf, type RequestedLine, requireGranted } from '../rules/reservation.ts';

/**
 * Holds the units of an order, all or none, and answers with the prices that the order must use. Repeatable: the same order
 * gets the same answer.
 * @throws Problem `stock_insufficient`, `product_unavailable`, `reservation_released`, `reservation_mismatch`
 */
export async function reserveStock(
  ctx: Ctx,
  orderId: Id<'order'>,
  lines: readonly RequestedLine[],
  failpoint: Failpoint,
): Promise<Reservation> {
  try {
    return await reserve(ctx, orderId, lines, failpoint);
  } catch (error) {
    if (error instanceof Problem && error.status < 500) reservations.inc({ outcome: refusalOf(error.code) });
    throw error;
  }
}

/** A stock-out and a product that is gone are the shop's business; the rest contradicts what the order did before. */
function refusalOf(code: string): string {
  return code === 'stock_insufficient' || code === 'product_unavailable' ? code : 'conflict';
}

function reserve(
  ctx: Ctx,
  orderId: Id<'order'>,
  lines: readonly RequestedLine[],
  failpoint: Failpoint,
): Promise<Reservation> {
  const needs = needsOf(lines);
  const locks = { keys: needs.productIds, take: lockStock };
  return ctx.transactTogether({ kind: 'reserve-stock', key: orderId, locks }, async (tx) => {
    const held = await claimAndHold(tx, orderId, needs);
    if (held.length === 0) {
      const known = await findReservation(tx, orderId);
      if (known === undefined) throw new Error('an order that is known cannot be found');
      const replay = replayOf(known, lines);
      tx.onCommit(() => reservations.inc({ outcome: 'replayed' }));
      return replay;
    }
    requireGranted(lines, held);
    const priced = pricedLines(lines, held, ctx.tenant.tax_rate_bps);
    const moves = held.map((row) => ({
      id: newId('stockMove'),
      order_id: orderId,
      product_id: row.product_id,
      on_hand_delta: 0,
      reserved_delta: row.quantity,
      on_hand_after: row.on_hand,
      reserved_after: row.reserved,
    }));
    await Promise.all([keepHold(tx, orderId, moves, priced), recordStock(tx, held, 'reserve')]);
    tx.onCommit(() => reservations.inc({ outcome: 'held' }));
    failpoint('catalog-reserve-written');
    return { order_id: orderId, state: 'held', lines: priced };
  });
}

/** The lines in the order of the request, each with what its product costs now. */
function pricedLines(
  lines: readonly RequestedLine[],
  held: readonly HoldRow[],
  tenantRateBps: number,
): Reservation['lines'] {
  const products = new Map<string, HoldRow>(held.map((row) => [row.product_id, row]));
  return lines.flatMap(({ product_id, quantity }) => {
    const product = products.get(product_id);
    if (product === undefined || product.name === null) return [];
    const { sku, name, category, currency, price_cents, tax_rate_bps } = product;
    return {
      product_id: product.product_id,
      sku,
      name,
      category,
      quantity,
      unit_price_cents: price_cents,
      currency,
      tax_rate_bps: tax_rate_bps ?? tenantRateBps,
    };
  });
}
