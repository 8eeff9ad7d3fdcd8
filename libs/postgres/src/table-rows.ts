import { getTableColumns, type InferSelectModel } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Fragment, Helper } from 'postgres';
import type { Client } from './transaction.ts';

/** A moment that many seconds from now, by the database's clock. */
export interface SecondsFromNow {
  readonly secondsFromNow: number;
}

export const secondsFromNow = (seconds: number): SecondsFromNow => ({ secondsFromNow: seconds });

/** The time of the transaction, by the database's clock. */
export const NOW = secondsFromNow(0);

/** Values for some columns of a row; what is undefined is left out. */
export type RowValues<R> = { readonly [K in keyof R]?: R[K] | SecondsFromNow | undefined };

/** Parts of statements on whole rows of a table. */
export interface TableRows<R> {
  /** The select list, also for RETURNING. */
  columns(sql: Client): Fragment;
  /** For `insert into t ${…}` and `update t set ${…}`. */
  values(sql: Client, values: RowValues<R>): Helper<Record<string, unknown>, string[]>;
  /** A row of `columns`, with the table's own names and types. */
  decode(row: object): R;
}

/**
 * For statements on a hot path that are written by hand: drizzle takes longer to build one with many columns than Postgres to run it.
 * @throws Error from `values` for a name that the table does not have
 */
export function tableRows<T extends PgTable>(table: T): TableRows<InferSelectModel<T>> {
  type R = InferSelectModel<T>;
  const columns = new Map(Object.entries(getTableColumns(table)));
  const list = [...columns.values()].map(({ name }) => `"${name}"`).join(', ');
  const encode = (sql: Client, key: string, value: unknown): [string, unknown] => {
    const column = columns.get(key);
    if (column === undefined) throw new Error(`the table has no column ${key}`);
    if (isFromNow(value))
      return [column.name, sql`${passed(sql)} + make_interval(secs => ${value.secondsFromNow})`];
    return [column.name, value === null ? null : column.mapToDriverValue(value)];
  };
  return {
    columns: (sql) => sql.unsafe(list),
    values: (sql, values) =>
      sql(
        Object.fromEntries(
          Object.entries(values)
            .filter(([, value]) => value !== undefined)
            .map(([key, value]) => encode(sql, key, value)),
        ),
      ),
    decode(row) {
      const entries = [...columns].map(([key, column]): [string, unknown] => {
        const value: unknown = Reflect.get(row, column.name);
        return [key, value === null ? null : column.mapFromDriverValue(value)];
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the table say what its rows are
      return Object.fromEntries(entries) as R;
    },
  };
}

// Our columns keep milliseconds and round: half of all rows that are due now would be due a moment later.
const passed = (sql: Client) => sql`date_trunc('milliseconds', now())`;

function isFromNow(value: unknown): value is SecondsFromNow {
  return typeof value === 'object' && value !== null && 'secondsFromNow' in value;
}
