import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';

export type Sql = postgres.Sql;

export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly poolMax: number;
  readonly statementTimeoutMs?: number;
}

/** A pool with the session settings that every Zoco connection has (time limits on statements, locks and idle transactions). */
export function connect(options: ConnectionOptions): Sql {
  const sql = postgres(options.url, {
    max: options.poolMax,
    idle_timeout: 300,
    connect_timeout: 5,
    max_lifetime: 3600,
    onnotice: () => {},
    connection: {
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs ?? 5000,
      lock_timeout: 2000,
      idle_in_transaction_session_timeout: 10_000,
    },
  });
  // Sets the parsers that drizzle's column mapping relies on, for this pool as a whole.
  drizzle(sql);
  return sql;
}
