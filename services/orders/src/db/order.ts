import type { OrderItem, OrderStatus } from '@zoco/contracts';
import type { Id } from '@zoco/kernel';
import { type ReadTx, tableRows, type Tx } from '@zoco/postgres';
import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm';
import { orders } from './schema.ts';

export type OrderRow = typeof orders.$inferSelect;

/** An order with its lines; those of an order that was never created are empty. */
export type Order = OrderRow & { readonly items: readonly OrderItem[] };

// One statement reads an order whole; the table is named by hand because a RETURNING clause knows no qualified columns.
const itemsBy = <T>(tag: (text: TemplateStringsArray) => T): T => tag`(
  select coalesce(json_agg(json_build_object(
    'product_id', l.product_id, 'sku', l.sku, 'name', l.name, 'category', l.category, 'quantity', l.quantity,
    'unit_price_cents', l.unit_price_cents, 'tax_rate_bps', l.tax_rate_bps,
    'subtotal_cents', l.subtotal_cents, 'tax_cents', l.tax_cents) order by l.position), '[]'::json)
  from order_lines l where l.tenant_id = orders.tenant_id and l.order_id = orders.id)`;

export const orderColumns = { ...getTableColumns(orders), items: itemsBy(sql<OrderItem[]>) };

/** The order, or undefined when there is none; with `userId`, only when it is theirs. */
export async function findOrder(tx: ReadTx, id: string, userId?: string): Promise<Order | undefined> {
  const [order] = await tx.db
    .select(orderColumns)
    .from(orders)
    .where(
      and(
        eq(orders.tenantId, tx.tenantId),
        sql`${orders.id} = ${id}`,
        userId === undefined ? undefined : sql`${orders.userId} = ${userId}`,
      ),
    );
  return order;
}

/** The order, locked until the transaction ends. */
export async function lockOrder(tx: Tx, id: Id<'order'>): Promise<OrderRow | undefined> {
  const [order] = await tx.db
    .select()
    .from(orders)
    .where(and(eq(orders.tenantId, tx.tenantId), eq(orders.id, id)))
    .for('update');
  return order;
}

const rows = tableRows(orders);

/** What an order has to fit. */
export interface Capture {
  readonly orderId: Id<'order'>;
  readonly amountCents: number;
  readonly currency: string;
  /** Of the payment. */
  readonly version: number;
}

/**
 * Confirms the orders that wait for exactly this money, in one statement: two that race cannot both win. A refund that was heard of
 * before the capture is the newer truth.
 * @param captures of different orders
 * @returns those orders as they are now, without the ones that were not so
 */
export async function confirmCaptured(tx: Tx, captures: readonly Capture[]): Promise<Order[]> {
  // In one order everywhere, so that nobody ends in a deadlock.
  const sorted = captures.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const found = await tx.sql<Pick<Order, 'items'>[]>`
    update orders set status = 'confirmed', confirmed_at = now(),
      cancel_until = now() + make_interval(mins => cancel_window_minutes),
      payment_status = case when payment_version < captured_version then 'paid' else payment_status end,
      payment_version = greatest(payment_version, captured_version), payment_failure = null,
      changed_by = 'payments', change_reason = null, version = version + 1
    from unnest(${sorted.map(({ orderId }) => orderId)}::text[], ${sorted.map(({ amountCents }) => amountCents)}::bigint[],
                ${sorted.map(({ currency }) => currency)}::text[], ${sorted.map(({ version }) => version)}::int[])
      as capture(of_order, captured_cents, captured_currency, captured_version)
    where tenant_id = ${tx.tenantId} and id = of_order and status = 'created'
      and total_cents = captured_cents and currency = captured_currency
    returning ${rows.columns(tx.sql)}, ${itemsBy(tx.sql)} as items`;
  return found.map((row) => ({ ...rows.decode(row), items: row.items }));
}

/** Columns that a change may set; `version` rises by itself. */
export type OrderChange = Partial<
  Pick<
    {
      [K in keyof OrderRow]: OrderRow[K] | SQL;
    },
    | 'status'
    | 'paymentStatus'
    | 'paymentVersion'
    | 'paymentAttempts'
    | 'paymentFailure'
    | 'refundedCents'
    | 'request'
    | 'reason'
    | 'carrier'
    | 'tracking'
    | 'expiresAt'
    | 'confirmedAt'
    | 'cancelUntil'
    | 'shippedAt'
    | 'deliveredAt'
    | 'canceledAt'
    | 'changeReason'
  >
> & { readonly changedBy: string };

/**
 * Changes an order in one statement, if it still is in one of the states `from` and `guard` holds: two that race cannot both win.
 * @returns the order as it is now, or undefined when it was not so
 */
export async function changeOrder(
  tx: Tx,
  id: Id<'order'>,
  from: readonly OrderStatus[],
  change: OrderChange,
  guard?: SQL,
): Promise<Order | undefined> {
  const [order] = await tx.db
    .update(orders)
    .set({ changeReason: null, ...change, version: sql`${orders.version} + 1` })
    .where(
      and(
        eq(orders.tenantId, tx.tenantId),
        eq(orders.id, id),
        sql`${orders.status} = any(${sql.param(from)}::text[])`,
        guard,
      ),
    )
    .returning(orderColumns);
  return order;
}
