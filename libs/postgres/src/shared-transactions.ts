import { AsyncLocalStorage } from 'node:async_hooks';
import { trace } from '@opentelemetry/api';
import { type Batches, createBatches, type TenantId } from '@zoco/kernel';
import type { PendingQuery, Row } from 'postgres';
import type { Tx } from './database.ts';
import { isConnectionLoss } from './failures.ts';
import { worksPerTransaction } from './metrics.ts';
import { isRecorded, type ShareSpan } from './transaction-trace.ts';

/** What a work that shares its transaction has in common with others, and what keeps them apart. */
export interface Sharing {
  /** Works of one kind share transactions; each kind has its own. */
  readonly kind: string;
  /**
   * What the work compares and sets, such as an order. Two works on the same never share a transaction, where neither would wait for the
   * other. Those that do lock in the order of their keys.
   */
  readonly key: string;
  /** How long works of this kind wait for company; only where nobody waits for them. */
  readonly gatherMs?: number;
  /** Rows that works of this kind may have in common: locked once for all of them, in one order, before the first one begins. */
  readonly locks?: {
    readonly keys: readonly string[];
    readonly take: (tx: Tx, keys: readonly string[]) => PendingQuery<Row[]>;
  };
}

export type TransactTogether = <T>(
  tenantId: TenantId,
  sharing: Sharing,
  work: (tx: Tx) => Promise<T>,
) => Promise<T>;

type Transact = <T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>) => Promise<T>;

interface Transactions {
  /** Repeats what Postgres asks to repeat. */
  readonly transact: Transact;
  /** Does not, and gives up soon on a lock that somebody holds. */
  readonly transactOnce: Transact;
  /** Like that, with the statements in the traces of those works that are recorded. */
  readonly transactTraced: Transact;
  readonly startShare: (works: number) => ShareSpan;
}

interface Shared {
  readonly tenantId: TenantId;
  readonly sharing: Sharing;
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly isRecorded: boolean;
  /** Runs a function in the context (trace, logs) of whoever asked for the work. */
  readonly inContext: <R>(run: () => R) => R;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const WORKS_MAX = 32;
/** Long for a transaction of short statements. One that takes longer waits for a lock that somebody holds. */
const PATIENCE_MS = 50;

/**
 * Makes works that come at the same time share a transaction: one BEGIN, one COMMIT, one wait for the disk, and their statements travel in
 * the same packets. When one of them fails, or has to wait for a lock, all are rolled back and each runs in a transaction of its own.
 */
export function createSharedTransactions(transactions: Transactions): TransactTogether {
  // Of nobody's trace: a transaction of many belongs to none of them.
  const inNoContext = AsyncLocalStorage.snapshot();
  const kinds = new Map<string, Batches<Shared>>();

  function batchesOf({ kind, gatherMs }: Sharing): Batches<Shared> {
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    const batches = createBatches<Shared>({
      run: (_tenant, works) => inNoContext(() => runShared(transactions, works)),
      sizeMax: WORKS_MAX,
      // The gate before the pool decides.
      concurrency: Infinity,
      patienceMs: PATIENCE_MS,
      apart: ({ sharing }) => sharing.key,
      gatherMs,
    });
    kinds.set(kind, batches);
    return batches;
  }

  return <T>(tenantId: TenantId, sharing: Sharing, work: (tx: Tx) => Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      batchesOf(sharing).add(tenantId, {
        tenantId,
        sharing,
        work,
        isRecorded: isRecorded(trace.getActiveSpan()),
        inContext: AsyncLocalStorage.snapshot(),
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the value is what this very work resolved to
        resolve: (value) => resolve(value as T),
        reject,
      });
    });
}

/** Settles each of the works, of one tenant and kind. Never rejects. */
async function runShared(transactions: Transactions, works: readonly Shared[]): Promise<void> {
  worksPerTransaction.observe(works.length);
  const [first, second] = works;
  if (first === undefined) return;
  if (second === undefined) {
    await runAlone(transactions, first);
    return;
  }
  const parts = works
    .toSorted((a, b) => (a.sharing.key < b.sharing.key ? -1 : 1))
    .map((shared) => startPart(transactions, shared, works.length));
  const isTraced = parts.some(({ span }) => span !== undefined);
  const transactAll = isTraced ? transactions.transactTraced : transactions.transactOnce;
  let isBegun = false;
  try {
    const values = await transactAll(first.tenantId, (tx) => {
      isBegun = true;
      return runAll(tx, parts);
    });
    for (const { span } of parts) span?.end();
    parts.forEach(({ shared }, index) => shared.resolve(values[index]));
  } catch (error) {
    for (const { span } of parts) span?.end(error);
    // Nobody knows whether a COMMIT without an answer took effect.
    if (isBegun && !isConnectionLoss(error))
      await Promise.all(parts.map(({ shared }) => runAlone(transactions, shared)));
    else for (const { shared } of parts) shared.reject(error);
  }
}

interface Part {
  readonly shared: Shared;
  /** In the trace of the work, when that is recorded. */
  readonly span: ShareSpan | undefined;
}

function startPart({ startShare }: Transactions, shared: Shared, works: number): Part {
  return { shared, span: shared.isRecorded ? shared.inContext(() => startShare(works)) : undefined };
}

async function runAlone({ transact }: Transactions, shared: Shared): Promise<void> {
  const { tenantId, sharing, work, inContext, resolve, reject } = shared;
  try {
    resolve(await inContext(() => transact(tenantId, (tx) => lockAndWork(tx, sharing, work))));
  } catch (error) {
    reject(error);
  }
}

function lockAndWork<T>(tx: Tx, { locks }: Sharing, work: (tx: Tx) => Promise<T>): Promise<T> {
  return inOrder(locks?.take(tx, locks.keys.toSorted()).execute(), () => work(tx));
}

function runAll(tx: Tx, parts: readonly Part[]): Promise<unknown[]> {
  const keys = new Set(parts.flatMap(({ shared }) => shared.sharing.locks?.keys ?? []));
  const take = parts[0]?.shared.sharing.locks?.take;
  const locking = take?.(tx, [...keys].toSorted()).execute();
  return inOrder(locking, () => Promise.all(parts.map((part) => runPart(tx, part))));
}

function runPart(tx: Tx, { shared, span }: Part): Promise<unknown> {
  const { work, inContext } = shared;
  return inContext(() => (span === undefined ? work(tx) : span.run(() => work(tx))));
}

/** Postgres runs statements in the order they were sent in: what follows the locks need not wait for their answer. */
async function inOrder<T>(first: Promise<unknown> | undefined, then: () => Promise<T>): Promise<T> {
  const [, value] = await Promise.all([first, then()]);
  return value;
}
