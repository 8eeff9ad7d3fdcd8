import { PgDialect } from 'drizzle-orm/pg-core';
import { type PostgresJsDatabase, PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js';
import type { ParameterOrJSON } from 'postgres';
import type { Sql } from './connection.ts';
import type { Client } from './transaction.ts';

const dialect = new PgDialect();

/** Both ways to say a statement. Most transactions never need the builder, and it costs more than a statement to set up. */
export function builderOf(client: Client): { readonly db: PostgresJsDatabase; readonly sql: Client } {
  let built: PostgresJsDatabase | undefined;
  return {
    sql: client,
    get db() {
      return (built ??= drizzleOf(client));
    },
  };
}

/** Drizzle over the client of one transaction, with prepared statements (drizzle's own default re-plans each query). */
function drizzleOf(client: Client): PostgresJsDatabase {
  const prepared = new Proxy(client, {
    get(target, property): unknown {
      if (property !== 'unsafe') return Reflect.get(target, property);
      return (query: string, parameters: ParameterOrJSON<never>[]) =>
        target.unsafe(query, parameters, { prepare: true });
    },
  });
  // The session only ever calls `unsafe` and `savepoint` of its client; its type asks for a whole pool.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const session = new PostgresJsSession(prepared as unknown as Sql, dialect, undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drizzle types its own session more narrowly here
  return new PostgresJsTransaction(dialect, session as never, undefined);
}
