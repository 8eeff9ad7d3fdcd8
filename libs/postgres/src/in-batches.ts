import type { Database, WorkerTx } from './database.ts';

const BATCH_MAX = 1000;

export interface BatchOptions {
  /** Most rows of one batch. Default 1,000. */
  readonly rowsMax?: number;
  /** Ends it between two batches. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a statement that changes at most `rowsMax` rows, in transactions of their own, until one of them changes fewer: for what is to go from
 * tables of millions. Each is planned for its own values, as a plan for any values takes a limit for a tenth of the table and reads all of it.
 * @returns how many rows were changed
 */
export async function inBatches(
  db: Database,
  statement: (tx: WorkerTx, rowsMax: number) => PromiseLike<{ readonly count: number }>,
  { rowsMax = BATCH_MAX, signal }: BatchOptions = {},
): Promise<number> {
  for (let total = 0; ;) {
    const { count } = await db.work((tx) => Promise.resolve(statement(tx, rowsMax)), {
      planned: 'for_values',
    });
    total += count;
    if (count < rowsMax || signal?.aborted === true) return total;
  }
}
