import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { Movement } from './products.ts';

/** Stock of a product after a change. */
export interface StockRow {
  readonly product_id: Id<'product'>;
  readonly sku: string;
  readonly on_hand: number;
  readonly reserved: number;
  readonly version: number;
}

/** Locks the stock of these products in the order in which everybody locks stock, so that nobody ends in a deadlock. */
export const lockStock = (tx: Tx, productIds: readonly string[]) =>
  tx.sql`
    select from stock where tenant_id = ${tx.tenantId} and product_id = any(${[...productIds]}::text[])
    order by product_id for update`;

export interface Adjustment extends Movement {
  readonly productId: string;
  readonly moveId: Id<'stockMove'>;
  readonly delta: number;
  readonly idempotencyKey: string | null;
}

/** One entry of the log of moves. */
export interface MoveRow {
  readonly id: Id<'stockMove'>;
  readonly product_id: Id<'product'>;
  readonly kind: 'adjust' | 'reserve' | 'commit' | 'release' | 'return';
  readonly on_hand_delta: number;
  readonly reserved_delta: number;
  readonly on_hand_after: number;
  readonly reserved_after: number;
  readonly reason: string;
  readonly order_id: Id<'order'> | null;
  readonly actor_id: string | null;
  readonly created_at: string;
}

const moveColumns = (sql: ReadTx['sql']) => sql`
  m.id, m.product_id, m.kind, m.on_hand_delta, m.reserved_delta, m.on_hand_after, m.reserved_after, m.reason,
  m.order_id, m.actor_id, to_char(m.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at`;

/**
 * Adds `delta` units (takes them, when negative) and logs it, in one statement. Nothing happens, and nothing comes back, when
 * the product is not on sale or less would be on hand than is reserved.
 * @throws a unique violation of `stock_moves_idempotency` when the key was used before
 */
export async function adjustUnits(
  tx: Tx,
  adjustment: Adjustment,
): Promise<{ move: MoveRow; stock: StockRow } | undefined> {
  const { productId, moveId, delta, reason, actorId, idempotencyKey } = adjustment;
  const [row] = await tx.sql<(MoveRow & { sku: string; version: number })[]>`
    with s as (
      update stock set on_hand = on_hand + ${delta}, version = version + 1
      where tenant_id = ${tx.tenantId} and product_id = ${productId}
        and on_hand::bigint + ${delta} between reserved and greatest(1000000000, on_hand)
        and exists (select from products p where p.id = ${productId} and p.deleted_at is null)
      returning *),
    m as (
      insert into stock_moves (tenant_id, product_id, id, kind, on_hand_delta, reserved_delta, on_hand_after,
        reserved_after, reason, actor_id, idempotency_key)
      select tenant_id, product_id, ${moveId}, 'adjust', ${delta}, 0, on_hand, reserved, ${reason}, ${actorId},
        ${idempotencyKey} from s
      returning *)
    select ${moveColumns(tx.sql)}, p.sku, s.version from m, s, products p where p.id = m.product_id`;
  if (row === undefined) return undefined;
  const { sku, version, ...move } = row;
  const { product_id, on_hand_after: on_hand, reserved_after: reserved } = row;
  return { move, stock: { product_id, sku, on_hand, reserved, version } };
}

export async function findMoveByKey(tx: ReadTx, key: string): Promise<MoveRow | undefined> {
  const [row] = await tx.sql<MoveRow[]>`
    select ${moveColumns(tx.sql)} from stock_moves m where m.idempotency_key = ${key}`;
  return row;
}

/** Moves of a product, newest first, older than the move `before`. */
export function listMoves(
  tx: ReadTx,
  productId: string,
  before: string | null,
  limit: number,
): Promise<MoveRow[]> {
  return tx.sql<MoveRow[]>`
    select ${moveColumns(tx.sql)} from stock_moves m
    where m.product_id = ${productId} ${before === null ? tx.sql`` : tx.sql`and m.id < ${before}`}
    order by m.id desc limit ${limit}`;
}

export interface StockTarget {
  readonly productId: string;
  readonly moveId: Id<'stockMove'>;
  /** Units that shall be for sale; what is reserved comes on top. */
  readonly stock: number;
}

/** Brings the units for sale to what they shall be, by moves of the difference. Comes back with what did change. */
export function setUnits(tx: Tx, targets: readonly StockTarget[], movement: Movement): Promise<StockRow[]> {
  const ids = targets.map(({ productId }) => productId);
  const moveIds = targets.map(({ moveId }) => moveId);
  const stocks = targets.map(({ stock }) => stock);
  return tx.sql<StockRow[]>`
    with locked as (
      select s.product_id, s.on_hand, s.reserved, t.stock, t.move_id
      from unnest(${ids}::text[], ${moveIds}::text[], ${stocks}::int[]) as t(product_id, move_id, stock)
      join stock s on s.tenant_id = ${tx.tenantId} and s.product_id = t.product_id
      order by s.product_id for update of s),
    changed as (
      update stock s set on_hand = s.reserved + l.stock, version = s.version + 1
      from locked l
      where s.tenant_id = ${tx.tenantId} and s.product_id = l.product_id and s.on_hand <> s.reserved + l.stock
      returning s.*, s.on_hand - l.on_hand as delta, l.move_id),
    moved as (
      insert into stock_moves (tenant_id, product_id, id, kind, on_hand_delta, reserved_delta, on_hand_after,
        reserved_after, reason, actor_id)
      select tenant_id, product_id, move_id, 'adjust', delta, 0, on_hand, reserved, ${movement.reason},
        ${movement.actorId} from changed)
    select c.product_id, p.sku, c.on_hand, c.reserved, c.version
    from changed c join products p on p.tenant_id = c.tenant_id and p.id = c.product_id`;
}
