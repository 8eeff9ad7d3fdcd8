import { newId, Problem } from '@zoco/kernel';
import { isUniqueViolation } from '@zoco/postgres';
import { idempotencyKeyReused, type UserCtx } from '@zoco/service';
import { findProducts } from '../db/products.ts';
import { adjustUnits, findMoveByKey, type MoveRow } from '../db/stock.ts';
import { recordStock } from '../product-events.ts';
import { productNotFound } from '../rules/product.ts';

export interface StockAdjustment {
  readonly delta: number;
  readonly reason: string;
  /** Makes the call repeatable: the same key with the same adjustment happens once. */
  readonly idempotencyKey: string | undefined;
}

export interface AdjustmentOutcome {
  readonly move: MoveRow;
  readonly replayed: boolean;
}

/**
 * Adds units on hand, or takes them, and says why in the log.
 * @throws Problem `product_not_found`, `stock_insufficient`, `stock_too_large`, `idempotency_key_reused`
 */
export async function adjustStock(
  ctx: UserCtx,
  productId: string,
  { delta, reason, idempotencyKey }: StockAdjustment,
): Promise<AdjustmentOutcome> {
  const adjustment = {
    productId,
    delta,
    reason,
    idempotencyKey: idempotencyKey ?? null,
    moveId: newId('stockMove'),
    actorId: ctx.principal.id,
  };
  try {
    return await ctx.transact(async (tx) => {
      const known = idempotencyKey === undefined ? undefined : await findMoveByKey(tx, idempotencyKey);
      if (known) return replay(known, productId, delta, reason);
      const adjusted = await adjustUnits(tx, adjustment);
      if (adjusted === undefined) throw refusal((await findProducts(tx, [productId]))[0], delta);
      await recordStock(tx, [adjusted.stock], 'adjust');
      return { move: adjusted.move, replayed: false };
    });
  } catch (error) {
    if (idempotencyKey === undefined || !isUniqueViolation(error, 'stock_moves_idempotency')) throw error;
    // A twin was faster between our look and our write.
    const move = await ctx.read((tx) => findMoveByKey(tx, idempotencyKey));
    if (move === undefined) throw error;
    return replay(move, productId, delta, reason);
  }
}

function replay(move: MoveRow, productId: string, delta: number, reason: string): AdjustmentOutcome {
  const same = move.product_id === productId && move.on_hand_delta === delta && move.reason === reason;
  if (!same) throw idempotencyKeyReused();
  return { move, replayed: true };
}

function refusal(product: { on_hand: number; reserved: number } | undefined, delta: number): Problem {
  if (product === undefined) return productNotFound();
  const { on_hand, reserved } = product;
  const detail =
    delta < 0
      ? `Of ${on_hand} units on hand ${reserved} are reserved: at most ${on_hand - reserved} can be taken.`
      : 'A product can have at most 1,000,000,000 units.';
  const code = delta < 0 ? 'stock_insufficient' : 'stock_too_large';
  return new Problem('conflict', code, detail, { errors: [{ field: 'delta', code, detail }] });
}
