import type { OrderStatus } from '@zoco/contracts';
import type { ReadTx } from '@zoco/postgres';
import { decodeCursor, encodeCursor, toPage } from '@zoco/service';
import { and, desc, eq, type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Order, orderColumns } from './order.ts';
import { orders } from './schema.ts';

export interface OrderFilter {
  readonly statuses?: readonly OrderStatus[] | undefined;
  readonly userId?: string | undefined;
  readonly customerId?: string | undefined;
  /** From this moment, or this day by the clocks of `timeZone`, on. */
  readonly from?: string | undefined;
  /** Before this moment, or to the end of this day. */
  readonly to?: string | undefined;
  readonly timeZone: string;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

// Postgres knows no year 0; no cursor of ours is that old.
const cursorKey = z.tuple([z.iso.datetime().refine((text) => text >= '1900'), z.string().max(64)]);

/** A page of orders, newest first. @throws Problem `cursor_invalid` */
export async function listOrders(
  tx: ReadTx,
  filter: OrderFilter,
  page: PageRequest,
): Promise<{ data: Order[]; next_cursor: string | null }> {
  const scope = `orders:${JSON.stringify([filter.statuses, filter.userId, filter.customerId, filter.from, filter.to])}`;
  const rows = await tx.db
    .select(orderColumns)
    .from(orders)
    .where(and(eq(orders.tenantId, tx.tenantId), ...conditions(filter), after(page.cursor, scope)))
    .orderBy(desc(orders.createdAt), desc(orders.id))
    .limit(page.limit + 1);
  return toPage(rows, page.limit, (last) => encodeCursor(scope, [last.createdAt.toISOString(), last.id]));
}

function conditions(filter: OrderFilter): (SQL | undefined)[] {
  const { statuses, userId, customerId, from, to } = filter;
  return [
    statuses && isOneOf(statuses),
    userId === undefined ? undefined : sql`${orders.userId} = ${userId}`,
    customerId === undefined ? undefined : sql`${orders.customerId} = ${customerId}`,
    from === undefined ? undefined : sql`${orders.createdAt} >= ${momentOf(from, 0, filter.timeZone)}`,
    to === undefined ? undefined : sql`${orders.createdAt} < ${momentOf(to, 1, filter.timeZone)}`,
  ];
}

/** One status by itself, so that the index by status gives the page in its order. */
function isOneOf(statuses: readonly OrderStatus[]): SQL {
  const [status, ...others] = statuses;
  if (status !== undefined && others.length === 0) return eq(orders.status, status);
  return sql`${orders.status} = any(${sql.param(statuses)}::text[])`;
}

function momentOf(text: string, daysLater: number, timeZone: string): SQL {
  if (text.includes('T')) return sql`${text}::timestamptz`;
  return sql`((${text}::date + ${daysLater}::int)::timestamp at time zone ${timeZone})`;
}

function after(cursor: string | undefined, scope: string): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [time, id] = decodeCursor(cursor, scope, cursorKey);
  return sql`(${orders.createdAt}, ${orders.id}) < (${time}::timestamptz, ${id})`;
}
