import type { OrderStatus } from '@zoco/contracts';
import type { ReadTx } from '@zoco/postgres';
import { decodeCursor, encodeCursor } from '@zoco/service';
import { and, desc, eq, getTableColumns, lt, lte, type SQL, sql } from 'drizzle-orm';
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

/** A page goes on while its orders have fewer lines than this: a hundred of the largest would be 27 MB at once. */
export const PAGE_LINES = 1000;

// Postgres knows no year 0; no cursor of ours is that old. It reads no fraction of any length either; ours has three digits.
const cursorKey = z.tuple([
  z.iso.datetime({ precision: 3 }).refine((text) => text >= '1900'),
  z.string().max(64),
]);

/** A page of orders, newest first: fewer than asked for when they have many lines. @throws Problem `cursor_invalid` */
export async function listOrders(
  tx: ReadTx,
  filter: OrderFilter,
  page: PageRequest,
): Promise<{ data: Order[]; next_cursor: string | null }> {
  const scope = `orders:${JSON.stringify([filter.statuses, filter.userId, filter.customerId, filter.from, filter.to])}`;
  const newestFirst = [desc(orders.createdAt), desc(orders.id)];
  const columns = getTableColumns(orders);
  // Lines are read last, of the orders that are on the page. Each step has the name of the table, which its columns keep.
  const found = tx.db
    .select({ ...columns, lines: lineCount.as('lines') })
    .from(orders)
    .where(and(eq(orders.tenantId, tx.tenantId), ...conditions(filter), after(page.cursor, scope)))
    .orderBy(...newestFirst)
    .limit(page.limit + 1)
    .as('orders');
  const counted = tx.db
    .select({
      ...columns,
      place: sql<number>`row_number() over ${newest}`.as('place'),
      linesBefore: sql<number>`sum(lines) over ${newest} - lines`.as('lines_before'),
      foundCount: sql<number>`(count(*) over ())::int`.as('found_count'),
    })
    .from(found)
    .as('orders');
  const rows = await tx.db
    .select({ order: orderColumns, foundCount: counted.foundCount })
    .from(counted)
    .where(and(lte(counted.place, page.limit), lt(counted.linesBefore, PAGE_LINES)))
    .orderBy(...newestFirst);
  const last = rows.at(-1);
  const isLast = last === undefined || last.foundCount === rows.length;
  return {
    data: rows.map(({ order }) => order),
    next_cursor: isLast ? null : encodeCursor(scope, [last.order.createdAt.toISOString(), last.order.id]),
  };
}

/** By the last line's number, which the primary key has at hand. */
const lineCount = sql<number>`coalesce((
  select max(l.position) from order_lines l where l.tenant_id = orders.tenant_id and l.order_id = orders.id), 0)`;

const newest = sql`(order by created_at desc, id desc)`;

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
  if (text.includes('T')) return sql`${new Date(text).toISOString()}::timestamptz`;
  return sql`((${text}::date + ${daysLater}::int)::timestamp at time zone ${timeZone})`;
}

function after(cursor: string | undefined, scope: string): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [time, id] = decodeCursor(cursor, scope, cursorKey);
  return sql`(${orders.createdAt}, ${orders.id}) < (${time}::timestamptz, ${id})`;
}
