import type { Reservation, ReservationState } from '@zoco/contracts';
import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { Effect, HeldProduct, StockMove } from '../rules/reservation.ts';
import type { StockRow } from './stock.ts';

/** A product of a reserve with what the order must use, and its stock when it was granted. */
export interface HoldRow extends HeldProduct {
  readonly product_id: Id<'product'>;
  readonly sku: string;
  readonly category: string | null;
  readonly price_cents: number;
  readonly currency: string;
  readonly tax_rate_bps: number | null;
  readonly on_hand: number;
  readonly reserved: number;
  readonly version: number;
}

/**
 * Claims the order and holds its units, one row per product; no rows when the order is known already. One statement, since
 * every checkout waits for it: the claim comes first (a twin waits on its key, then finds the row), then the rows of stock
 * are locked in one order everywhere, so that orders with the same products never deadlock, then each is raised if, as it
 * is now, it has the units. Arrays, because the planner takes them for short and goes by index; of JSON it expects
 * a hundred rows and reads the whole table.
 */
export function claimAndHold(
  tx: Tx,
  orderId: Id<'order'>,
  { productIds, quantities }: { productIds: readonly string[]; quantities: readonly number[] },
): Promise<HoldRow[]> {
  return tx.sql<HoldRow[]>`
    with claimed as (
      insert into reservations (tenant_id, order_id, state, product_ids, quantities)
      values (${tx.tenantId}, ${orderId}, 'held', ${[...productIds]}::text[], ${[...quantities]}::int[])
      on conflict do nothing returning product_ids, quantities),
    need as (
      select n.product_id, n.quantity from claimed, unnest(product_ids, quantities) as n(product_id, quantity)),
    locked as (
      select s.product_id, n.quantity, s.on_hand - s.reserved as available
      from need n join stock s on s.tenant_id = ${tx.tenantId} and s.product_id = n.product_id
      order by s.product_id for update of s),
    held as (
      update stock s set reserved = s.reserved + l.quantity, version = s.version + 1
      from locked l
      where s.tenant_id = ${tx.tenantId} and s.product_id = l.product_id and s.on_hand - s.reserved >= l.quantity
      returning s.product_id, s.on_hand, s.reserved, s.version)
    select n.product_id, n.quantity, p.sku, p.name, p.category, p.price_cents::float8 as price_cents, p.currency,
      p.tax_rate_bps, l.available, h.product_id is not null as granted, h.on_hand, h.reserved, h.version
    from need n
    left join locked l on l.product_id = n.product_id
    left join products p on p.tenant_id = ${tx.tenantId} and p.id = n.product_id and p.deleted_at is null
    left join held h on h.product_id = n.product_id`;
}

/** What an order did to the stock of a product. */
export interface OrderMove extends StockMove<Id<'order'>, Id<'product'>> {
  readonly id: Id<'stockMove'>;
}

/** Logs what a reserve did and keeps what it answers. */
export async function keepHold(
  tx: Tx,
  orderId: Id<'order'>,
  moves: readonly OrderMove[],
  lines: Reservation['lines'],
): Promise<void> {
  await tx.sql`
    with moved as (${insertMoves(tx, 'reserve', moves)})
    update reservations set lines = ${JSON.stringify(lines)}::text::jsonb
    where tenant_id = ${tx.tenantId} and order_id = ${orderId}`;
}

/** Logs what the end of reservations did; with the COMMIT. */
export function logMoves(tx: Tx, kind: 'commit' | 'release' | 'return', moves: readonly OrderMove[]): void {
  tx.defer(insertMoves(tx, kind, moves));
}

function insertMoves(tx: Tx, kind: string, moves: readonly OrderMove[]) {
  return tx.sql`
    insert into stock_moves (tenant_id, product_id, id, kind, on_hand_delta, reserved_delta, on_hand_after,
      reserved_after, reason, order_id)
    select ${tx.tenantId}, m.product_id, m.id, ${kind}, m.on_hand_delta, m.reserved_delta, m.on_hand_after,
      m.reserved_after, ${kind}, m.order_id
    from jsonb_to_recordset(${JSON.stringify(moves)}::text::jsonb) as m(order_id text, product_id text, id text, on_hand_delta int,
      reserved_delta int, on_hand_after int, reserved_after int)`;
}

/** Units that a reservation moved on with. */
export interface SettledUnits {
  readonly order_id: Id<'order'>;
  readonly product_id: Id<'product'>;
  readonly quantity: number;
}

/**
 * Moves reservations on, those that are in the state the effect starts from.
 * @returns the orders whose reservations they are, and their units
 */
export async function settle(
  tx: Tx,
  orderIds: readonly Id<'order'>[],
  effect: Effect,
): Promise<{ settled: ReadonlySet<Id<'order'>>; units: SettledUnits[] }> {
  const rows = await tx.sql<{ order_id: Id<'order'>; product_ids: Id<'product'>[]; quantities: number[] }[]>`
    update reservations set state = ${effect.to}, updated_at = now()
    where tenant_id = ${tx.tenantId} and order_id = any(${orderIds.toSorted()}::text[]) and state = ${effect.from}
    returning order_id, product_ids, quantities`;
  return {
    settled: new Set(rows.map(({ order_id: id }) => id)),
    units: rows.flatMap(({ order_id, product_ids: ids, quantities }) =>
      ids.map((product_id, index) => ({ order_id, product_id, quantity: quantities[index] ?? 0 })),
    ),
  };
}

/** Changes the stock of products, locked in the order in which everybody locks stock. */
export function changeStock(
  tx: Tx,
  { productIds, quantities }: { productIds: readonly string[]; quantities: readonly number[] },
  effect: Effect,
): Promise<StockRow[]> {
  return tx.sql<StockRow[]>`
    with locked as (
      select s.product_id, n.quantity
      from unnest(${[...productIds]}::text[], ${[...quantities]}::int[]) as n(product_id, quantity)
      join stock s on s.tenant_id = ${tx.tenantId} and s.product_id = n.product_id
      order by s.product_id for update of s),
    changed as (
      update stock s
      set on_hand = s.on_hand + ${effect.onHand}::int * l.quantity,
          reserved = s.reserved + ${effect.reserved}::int * l.quantity, version = s.version + 1
      from locked l where s.tenant_id = ${tx.tenantId} and s.product_id = l.product_id
      returning s.product_id, s.on_hand, s.reserved, s.version)
    select c.*, p.sku from changed c join products p on p.tenant_id = ${tx.tenantId} and p.id = c.product_id`;
}

export async function findReservation(tx: ReadTx, orderId: Id<'order'>): Promise<Reservation | undefined> {
  const [row] = await tx.sql<Reservation[]>`
    select order_id, state, lines from reservations where order_id = ${orderId}`;
  return row;
}

export async function findState(tx: ReadTx, orderId: Id<'order'>): Promise<ReservationState | undefined> {
  const [row] = await tx.sql<{ state: ReservationState }[]>`
    select state from reservations where order_id = ${orderId}`;
  return row?.state;
}

/** Notes the release of an order that has reserved nothing yet. False when it has, by now. */
export async function insertTombstone(tx: Tx, orderId: Id<'order'>): Promise<boolean> {
  const inserted = await tx.sql`
    insert into reservations (tenant_id, order_id, state) values (${tx.tenantId}, ${orderId}, 'released')
    on conflict do nothing`;
  return inserted.count === 1;
}
