import { createGate, retryDelayMs, type TenantId } from '@zoco/kernel';
import { PgDialect } from 'drizzle-orm/pg-core';
import { type PostgresJsDatabase, PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { connect, type Sql } from './connection.ts';
import { isRetryable } from './failures.ts';
import { timed, transactionRetries, watchPool } from './metrics.ts';
import { beginGuarded } from './transaction-guard.ts';
import { traced, type TraceStatement, traceTarget } from './transaction-trace.ts';

/** A read-only transaction of one tenant: Postgres itself refuses a write. */
export interface ReadTx {
  readonly tenantId: TenantId;
  /** Drizzle's query builder. */
  readonly db: PostgresJsDatabase;
  /** Tagged template for statements that the builder cannot say. Values become parameters. */
  readonly sql: postgres.TransactionSql;
}

/** A transaction of one tenant that may write. Only `Database.transact` makes one. */
export interface Tx extends ReadTx {
  readonly writable: true;
  /** Calls `effect` once this has committed. A crash may lose it, so it can only count or hint. It must not throw. */
  onCommit(effect: () => void): void;
}

/** A transaction across tenants, with the narrow grants of the worker role (relay, sweepers). */
export interface WorkerTx {
  readonly db: PostgresJsDatabase;
  readonly sql: postgres.TransactionSql;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connection of the worker role; without it `work` throws. */
  readonly workerUrl?: string;
  readonly applicationName: string;
  readonly poolMax?: number;
  readonly workerPoolMax?: number;
}

export interface Database extends AsyncDisposable {
  /** Runs `work` in a transaction of that tenant; again, when Postgres asks for it (deadlock, serialization). */
  transact<T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Like `transact`, read only. */
  read<T>(tenantId: TenantId, work: (tx: ReadTx) => Promise<T>): Promise<T>;
  /** Runs `work` across tenants as the worker role. */
  work<T>(work: (tx: WorkerTx) => Promise<T>): Promise<T>;
  /** Calls `onNotify` for each NOTIFY on `channel`; resolves to the function that stops it. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /** Answers when the database does, and is set up durably. @throws Error that says what is wrong */
  check(): Promise<void>;
  /** Transactions running and waiting for a connection, for metrics. */
  readonly load: { readonly running: number; readonly waiting: number; readonly max: number };
}

const RETRIES_MAX = 5;
const WORKER_POOL_MAX = 4;
const dialect = new PgDialect();

/** Opens the pools of one service. Connections are made on first use; dispose to close them. */
export function openDatabase(options: DatabaseOptions): Database {
  const poolMax = options.poolMax ?? 10;
  const runtime = connect({ url: options.url, applicationName: options.applicationName, poolMax });
  const worker = options.workerUrl
    ? connect({
        url: options.workerUrl,
        applicationName: `${options.applicationName}-worker`,
        poolMax: options.workerPoolMax ?? WORKER_POOL_MAX,
      })
    : undefined;
  // The driver queues without limit; the gate turns a long queue into a quick 503.
  const gate = createGate({ concurrency: poolMax, queueMax: 500, waitMsMax: 1000, code: 'database_busy' });
  const target = traceTarget(options.url);
  const watched = watchPool(() => ({
    pool: 'runtime',
    running: gate.running,
    waiting: gate.waiting,
    max: poolMax,
  }));
  const workers = watchWorkers(worker, options.workerPoolMax ?? WORKER_POOL_MAX);

  const inTenant = <T>(mode: 'read' | 'write', tenantId: TenantId, work: (tx: Tx) => Promise<T>) =>
    gate.run(() =>
      timed(mode, () => traced(target, mode, (statement) => begin(runtime, mode, tenantId, work, statement))),
    );
  const across = <T>(work: (tx: WorkerTx) => Promise<T>) =>
    workers.run(() =>
      timed('worker', () => traced(target, 'worker', (statement) => workerBegin(worker, work, statement))),
    );

  return {
    transact: (tenantId, work) => retrying(() => inTenant('write', tenantId, work)),
    read: (tenantId, work) => inTenant('read', tenantId, work),
    work: (work) => retrying(() => across(work)),
    async listen(channel, onNotify) {
      const subscription = await (worker ?? runtime).listen(channel, onNotify);
      return () => subscription.unlisten();
    },
    check: () => checkSettings(runtime),
    get load() {
      return { running: gate.running, waiting: gate.waiting, max: poolMax };
    },
    async [Symbol.asyncDispose]() {
      watched[Symbol.dispose]();
      workers[Symbol.dispose]();
      await Promise.all([runtime.end({ timeout: 5 }), worker?.end({ timeout: 5 })]);
    },
  };
}

async function begin<T>(
  sql: Sql,
  mode: 'read' | 'write',
  tenantId: TenantId,
  work: (tx: Tx) => Promise<T>,
  traceStatement: TraceStatement | undefined,
): Promise<T> {
  const effects: (() => void)[] = [];
  const onCommit = (effect: () => void) => void effects.push(effect);
  const run = async (client: postgres.TransactionSql): Promise<T> => {
    // Not awaited on its own: it travels in one packet with the first statement of `work`, in order, on this connection.
    const setting = client`select set_config('app.tenant_id', ${tenantId}, true)`.execute();
    const outcome = work({ tenantId, writable: true, onCommit, db: drizzleOf(client), sql: client });
    const [value] = await Promise.all([outcome, setting]);
    return value;
  };
  const value = await beginGuarded(sql, mode === 'read' ? 'read only' : '', run, traceStatement);
  for (const effect of effects) effect();
  return value;
}

async function workerBegin<T>(
  sql: Sql | undefined,
  work: (tx: WorkerTx) => Promise<T>,
  traceStatement: TraceStatement | undefined,
): Promise<T> {
  if (sql === undefined) throw new Error('this database was opened without workerUrl');
  return beginGuarded(sql, '', (client) => work({ db: drizzleOf(client), sql: client }), traceStatement);
}

/** Counts the transactions of the worker pool, whose queue is the driver's. */
function watchWorkers(sql: Sql | undefined, max: number) {
  let begun = 0;
  const watched =
    sql &&
    watchPool(() => ({
      pool: 'worker',
      running: Math.min(begun, max),
      waiting: Math.max(0, begun - max),
      max,
    }));
  return {
    async run<T>(work: () => Promise<T>): Promise<T> {
      begun += 1;
      try {
        return await work();
      } finally {
        begun -= 1;
      }
    },
    [Symbol.dispose]: () => watched?.[Symbol.dispose](),
  };
}

/** Drizzle over the client of one transaction, with prepared statements (drizzle's own default re-plans each query). */
function drizzleOf(client: postgres.TransactionSql): PostgresJsDatabase {
  const prepared = new Proxy(client, {
    get(target, property): unknown {
      if (property !== 'unsafe') return Reflect.get(target, property);
      return (query: string, parameters: postgres.ParameterOrJSON<never>[]) =>
        target.unsafe(query, parameters, { prepare: true });
    },
  });
  // The session only ever calls `unsafe` and `savepoint` of its client; its type asks for a whole pool.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const session = new PostgresJsSession(prepared as unknown as Sql, dialect, undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drizzle types its own session more narrowly here
  return new PostgresJsTransaction(dialect, session as never, undefined);
}

async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= RETRIES_MAX || !isRetryable(error)) throw error;
      transactionRetries.inc();
      await new Promise((resolve) => setTimeout(resolve, 5 + retryDelayMs(attempt, 10, 50, Math.random())));
    }
  }
}

async function checkSettings(sql: Sql): Promise<void> {
  const [row] = await sql<
    { version: number; fsync: string; full_page_writes: string; synchronous_commit: string }[]
  >`
    select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
           current_setting('full_page_writes') as full_page_writes,
           current_setting('synchronous_commit') as synchronous_commit`;
  if (row === undefined) throw new Error('the database gave no answer');
  if (row.version < 150_000) throw new Error('Postgres 15 or newer is needed');
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (row[name] === 'off')
      throw new Error(`Postgres runs with ${name}=off: acknowledged orders could be lost`);
  }
}
