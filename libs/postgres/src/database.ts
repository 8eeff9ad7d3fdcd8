import { EventEmitter } from 'node:events';
import { createGate, isTenantId, retryDelayMs, type TenantId } from '@zoco/kernel';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { connect, type Sql } from './connection.ts';
import { DATABASE_BUSY, isRetryable } from './failures.ts';
import { timed, transactionRetries, watchPool } from './metrics.ts';
import { createSharedTransactions, type TransactTogether } from './shared-transactions.ts';
import { builderOf } from './statement-builder.ts';
import { TENANT_SETTING } from './tenancy.ts';
import { type Client, runTransaction, type TransactionEnd } from './transaction.ts';
import {
  startShare,
  traceBySpeaker,
  traced,
  type TraceStatement,
  type TraceTarget,
  traceTarget,
} from './transaction-trace.ts';

/** A read-only transaction of one tenant: Postgres itself refuses a write. */
export interface ReadTx {
  readonly tenantId: TenantId;
  /** Drizzle's query builder. */
  readonly db: PostgresJsDatabase;
  /** Tagged template for statements that the builder cannot say. Values become parameters. */
  readonly sql: Client;
}

/** A transaction of one tenant that may write. Only `Database.transact` makes one. */
export interface Tx extends ReadTx, TransactionEnd {
  readonly writable: true;
  /** Calls who listens to this signal, after the commit and in this process only. */
  raise(signal: string): void;
}

/** A transaction across tenants, with the narrow grants of the worker role (relay, sweepers). */
export interface WorkerTx extends TransactionEnd {
  readonly db: PostgresJsDatabase;
  readonly sql: Client;
}

export interface WorkOptions {
  /**
   * False lets the commit return before it is on disk: a crash of Postgres may undo it, never in part. Only for what is done
   * again without harm.
   */
  readonly durable?: boolean;
  /** Whether a statement has one plan for any values, as everywhere, or is planned anew for its own. Default `once`. */
  readonly planned?: 'once' | 'for_values';
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connection of the worker role; without it `work` throws. */
  readonly workerUrl?: string;
  readonly applicationName: string;
  readonly poolMax?: number;
  readonly workerPoolMax?: number;
  /** How long a transaction waits for a connection before it is refused; default 1 s. */
  readonly waitMsMax?: number;
}

export interface Database extends AsyncDisposable {
  /** Runs `work` in a transaction of that tenant; again, when Postgres asks for it (deadlock, serialization). */
  transact<T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Like `transact`, in one transaction with others of its kind that come at the same time. Only for works whose statements are each a
   * compare-and-set, and which leave nothing behind outside of the transaction: one of them may run twice until it commits once.
   */
  readonly transactTogether: TransactTogether;
  /**
   * Like `transact` for what is done for many at once, which one lock would hold up: it gives up on a lock after 100 ms and is never repeated.
   * Whoever calls it does each by itself then.
   */
  transactOnce<T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Like `transact`, read only. */
  read<T>(tenantId: TenantId, work: (tx: ReadTx) => Promise<T>): Promise<T>;
  /** Runs `work` across tenants as the worker role. */
  work<T>(work: (tx: WorkerTx) => Promise<T>, options?: WorkOptions): Promise<T>;
  /** Calls `onNotify` for each NOTIFY on `channel`; resolves to the function that stops it. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /** Calls `onRaise` after each commit that raised `signal` in this process; returns the function that stops it. */
  onSignal(signal: string, onRaise: () => void): () => void;
  /** Answers when the database does, and is set up durably. @throws Error that says what is wrong */
  check(): Promise<void>;
  /** Transactions running and waiting for a connection, for metrics. */
  readonly load: { readonly running: number; readonly waiting: number; readonly max: number };
}

const RETRIES_MAX = 5;
const WORKER_POOL_MAX = 4;
/** After which many stop waiting for a lock together: whoever needs it waits for it alone. */
const ONCE_LOCK_TIMEOUT_MS = 100;

/** Opens the pools of one service. Connections are made on first use; dispose to close them. */
export function openDatabase(options: DatabaseOptions): Database {
  const { poolMax = 10, waitMsMax = 1000 } = options;
  const runtime = connect({ url: options.url, applicationName: options.applicationName, poolMax });
  const worker = options.workerUrl
    ? connect({
        url: options.workerUrl,
        applicationName: `${options.applicationName}-worker`,
        poolMax: options.workerPoolMax ?? WORKER_POOL_MAX,
      })
    : undefined;
  // The driver queues without limit; the gate turns a long queue into a quick 503.
  const gate = createGate({ concurrency: poolMax, queueMax: 500, waitMsMax, code: DATABASE_BUSY });
  const target = traceTarget(options.url);
  const watched = watchPool(() => ({
    pool: 'runtime',
    running: gate.running,
    waiting: gate.waiting,
    max: poolMax,
  }));
  const workers = watchWorkers(worker, options.workerPoolMax ?? WORKER_POOL_MAX);

  const signals = new EventEmitter().setMaxListeners(0);

  const inTenant = tenantDoor({ sql: runtime, gate, target, signals });
  const across = <T>(work: (tx: WorkerTx) => Promise<T>, workOptions: WorkOptions | undefined) =>
    workers.run(() =>
      timed('worker', () =>
        traced(target, 'worker', (statement) => workerBegin(worker, work, workOptions, statement)),
      ),
    );

  return {
    ...writing(inTenant, target),
    read: (tenantId, work) => inTenant('read', tenantId, work),
    work: (work, workOptions) => retrying(() => across(work, workOptions)),
    async listen(channel, onNotify) {
      const subscription = await (worker ?? runtime).listen(channel, onNotify);
      return () => subscription.unlisten();
    },
    onSignal(signal, onRaise) {
      signals.on(signal, onRaise);
      return () => void signals.off(signal, onRaise);
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

/** `once` gives up soon on a lock that somebody holds. */
type TenantMode = 'read' | 'write' | 'once';

type InTenant = <T>(
  mode: TenantMode,
  tenantId: TenantId,
  work: (tx: Tx) => Promise<T>,
  traceStatement?: TraceStatement,
) => Promise<T>;

interface TenantPool {
  readonly sql: Sql;
  readonly gate: ReturnType<typeof createGate>;
  readonly target: TraceTarget;
  readonly signals: EventEmitter;
}

function tenantDoor({ sql, gate, target, signals }: TenantPool): InTenant {
  return (mode, tenantId, work, traceStatement) =>
    gate.run(() =>
      timed(mode === 'read' ? 'read' : 'write', () =>
        traced(target, mode, (statement = traceStatement) =>
          begin(sql, { mode, tenantId, signals, statement }, work),
        ),
      ),
    );
}

/** The doors of who writes. */
function writing(
  inTenant: InTenant,
  target: TraceTarget,
): Pick<Database, 'transact' | 'transactOnce' | 'transactTogether'> {
  const transact: Database['transact'] = (tenantId, work) =>
    retrying(() => inTenant('write', tenantId, work));
  const transactOnce: Database['transactOnce'] = (tenantId, work) => inTenant('once', tenantId, work);
  const bySpeaker = traceBySpeaker(target);
  const transactTogether = createSharedTransactions({
    transact,
    transactOnce,
    transactTraced: (tenantId, work) => inTenant('once', tenantId, work, bySpeaker),
    startShare: (works) => startShare(target, works),
  });
  return { transact, transactOnce, transactTogether };
}

interface TenantTransaction {
  readonly mode: TenantMode;
  readonly tenantId: TenantId;
  readonly signals: EventEmitter;
  readonly statement: TraceStatement | undefined;
}

const OPENINGS: Readonly<Record<TenantMode, string>> = {
  read: 'begin read only',
  write: 'begin',
  once: `begin; set local lock_timeout = ${ONCE_LOCK_TIMEOUT_MS}`,
};

function begin<T>(sql: Sql, options: TenantTransaction, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { mode, tenantId, signals, statement } = options;
  // Part of the statement's text: SET takes no parameters, and spares Postgres the planning of a select.
  if (!isTenantId(tenantId)) throw new Error('not a tenant id');
  const opening = `${OPENINGS[mode]}; set local ${TENANT_SETTING} = '${tenantId}'`;
  const run = (client: Client, end: TransactionEnd) => {
    const raise = (signal: string) => end.onCommit(() => void signals.emit(signal));
    return work(Object.assign(builderOf(client), end, { tenantId, writable: true as const, raise }));
  };
  return runTransaction(sql, opening, run, statement);
}

async function workerBegin<T>(
  sql: Sql | undefined,
  work: (tx: WorkerTx) => Promise<T>,
  { durable = true, planned = 'once' }: WorkOptions = {},
  statement: TraceStatement | undefined,
): Promise<T> {
  if (sql === undefined) throw new Error('this database was opened without workerUrl');
  const opening = [
    'begin',
    ...(durable ? [] : ['set local synchronous_commit = off']),
    ...(planned === 'once' ? [] : ['set local plan_cache_mode = force_custom_plan']),
  ].join('; ');
  const run = (client: Client, end: TransactionEnd) => work(Object.assign(builderOf(client), end));
  return runTransaction(sql, opening, run, statement);
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
  const off = (['fsync', 'full_page_writes', 'synchronous_commit'] as const)
    .filter((name) => row[name] === 'off')
    .map((name) => `${name}=off`);
  if (off.length > 0)
    throw new Error(`Postgres runs with ${off.join(', ')}: acknowledged orders could be lost`);
}
