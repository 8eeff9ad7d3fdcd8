import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { z } from 'zod';
import { openDriver } from './driver.ts';

export type Sql = postgres.Sql;

export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly poolMax: number;
  readonly statementTimeoutMs?: number;
}

/**
 * Seconds before a connection is tried again. The driver's own reach twenty, and whoever asks waits for them: also a service whose
 * database is back, and one that is to stop.
 */
function backoffSeconds(failures: number): number {
  return (0.5 + Math.random() / 2) * Math.min(3 ** failures / 100, 1);
}

/** A pool with the session settings that every Zoco connection has (time limits on statements, locks and idle transactions). */
export function connect(options: ConnectionOptions): Sql {
  const sql = openDriver(options.url, {
    max: options.poolMax,
    idle_timeout: 300,
    connect_timeout: 5,
    max_lifetime: 3600,
    backoff: backoffSeconds,
    onnotice: () => {},
    connection: {
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs ?? 5000,
      lock_timeout: 2000,
      // Short statements by their keys: planning each anew would cost as much as running it.
      plan_cache_mode: 'force_generic_plan',
      idle_in_transaction_session_timeout: 10_000,
    },
  });
  // Sets the parsers that drizzle's column mapping relies on, for this pool as a whole.
  drizzle(sql);
  fetchTypesOnce(sql);
  return sql;
}

/**
 * The driver (3.4) asks each new connection for the array types, which are the same on all of them, and ends the process with an
 * unhandled rejection when that connection dies meanwhile. So only connections ask that are made before one has answered.
 */
function fetchTypesOnce(sql: Sql): void {
  const shared = z
    .object({ typeArrayMap: z.custom<object>((value) => typeof value === 'object' && value !== null) })
    .parse(Reflect.get(sql.options, 'shared'));
  Object.defineProperty(sql.options, 'fetch_types', {
    enumerable: true,
    get: () => Object.keys(shared.typeArrayMap).length === 0,
  });
}
