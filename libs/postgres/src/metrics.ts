import { Counter, Gauge, Histogram, type Metric } from 'prom-client';

/** How much of a pool is used. */
export interface PoolLoad {
  readonly pool: 'runtime' | 'worker';
  /** Transactions with a connection. */
  readonly running: number;
  /** Transactions without one, yet. */
  readonly waiting: number;
  readonly max: number;
}

const pools = new Set<() => PoolLoad>();

/** Shows a pool in the metrics until it is disposed of. */
export function watchPool(load: () => PoolLoad): Disposable {
  pools.add(load);
  return { [Symbol.dispose]: () => void pools.delete(load) };
}

const connections: Gauge = new Gauge({
  name: 'zoco_postgres_pool_connections',
  help: 'Places of the pool with (in_use) and without (idle) a transaction.',
  labelNames: ['pool', 'state'],
  registers: [],
  collect() {
    connections.reset();
    for (const load of pools) {
      const { pool, running, max } = load();
      connections.inc({ pool, state: 'in_use' }, running);
      connections.inc({ pool, state: 'idle' }, max - running);
    }
  },
});

const waiting: Gauge = new Gauge({
  name: 'zoco_postgres_pool_waiting',
  help: 'Transactions that wait for a place in the pool.',
  labelNames: ['pool'],
  registers: [],
  collect() {
    waiting.reset();
    for (const load of pools) {
      const { pool, waiting: count } = load();
      waiting.inc({ pool }, count);
    }
  },
});

const transactionDuration = new Histogram({
  name: 'zoco_postgres_transaction_duration_seconds',
  help: 'Time of a transaction to the end of its commit, by mode and outcome: committed, failed.',
  labelNames: ['mode', 'outcome'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers: [],
});

export const transactionRetries = new Counter({
  name: 'zoco_postgres_transaction_retries_total',
  help: 'Transactions that Postgres made run again (deadlock, serialization).',
  registers: [],
});

export const worksPerTransaction = new Histogram({
  name: 'zoco_postgres_works_per_transaction',
  help: 'Works (requests, answers of others) that went into one transaction, of those kinds that share.',
  buckets: [1, 2, 4, 8, 16, 32],
  registers: [],
});

export type TransactionMode = 'write' | 'read' | 'worker';

const timerOf = (mode: TransactionMode) => ({
  committed: transactionDuration.labels(mode, 'committed'),
  failed: transactionDuration.labels(mode, 'failed'),
});
// Every request passes here: the series are looked up once.
const durations = { write: timerOf('write'), read: timerOf('read'), worker: timerOf('worker') };

/** Runs a transaction and notes how long it took and how it ended. */
export async function timed<T>(mode: TransactionMode, run: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let outcome: 'committed' | 'failed' = 'failed';
  try {
    const value = await run();
    outcome = 'committed';
    return value;
  } finally {
    durations[mode][outcome].observe((performance.now() - startedMs) / 1000);
  }
}

/** What a process with a database registers with its other metrics. */
export const databaseMetrics: readonly Metric[] = [
  connections,
  waiting,
  transactionDuration,
  transactionRetries,
  worksPerTransaction,
];
