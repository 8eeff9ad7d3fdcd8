import { type ImportRefusal, type ImportSummary, productCreated, productUpdated } from '@zoco/contracts';
import { type FieldError, newId } from '@zoco/kernel';
import { isRefusedValue, type Tx } from '@zoco/postgres';
import type { Failpoint, UserCtx } from '@zoco/service';
import {
  findBySkus,
  insertProducts,
  type NewProduct,
  type ProductRow,
  type Revision,
  updateProducts,
} from '../db/products.ts';
import { setUnits, type StockRow, type StockTarget } from '../db/stock.ts';
import { recordProducts, recordStock, stockOf } from '../product-events.ts';
import { decideRow, type ImportRow, type RowDecision } from '../rules/import-row.ts';

/** A row of an import, or why it cannot be one. `bytes` is what it took in the file. */
export interface ImportRecord {
  readonly line: number;
  readonly bytes: number;
  readonly row: ImportRow | undefined;
  readonly sku: string | null;
  readonly errors: readonly FieldError[];
}

type ReadRow = ImportRecord & { readonly row: ImportRow };

export interface ImportOptions {
  /** `initial`: the stock of a row counts for new products only. `set`: it is the units for sale of known ones, too. */
  readonly stock: 'initial' | 'set';
  /** Called after each batch that changed something. */
  readonly onBatch: () => void;
  readonly failpoint: Failpoint;
  /** Counts as the import goes on: whole, also when it is cut off. */
  readonly summary: Mutable<ImportSummary>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

// Large enough that round trips do not count, small enough for the statement timeout and for a flat memory.
const BATCH_ROWS_MAX = 500;
const BATCH_BYTES_MAX = 1024 * 1024;
const REFUSALS_MAX = 1000;

/**
 * Adds and changes products by sku, batch by batch: each batch is one transaction with its events. Rows that change nothing
 * write nothing, so the same import can be run again at any time, and one that broke off goes on where it stopped.
 */
export async function importProducts(
  ctx: UserCtx,
  records: AsyncIterable<ImportRecord>,
  options: ImportOptions,
): Promise<void> {
  const batch = new Map<string, ReadRow>();
  let bytes = 0;

  async function flush(): Promise<void> {
    if (batch.size === 0) return;
    await importBatch(ctx, [...batch.values()], options);
    batch.clear();
    bytes = 0;
  }

  for await (const record of records) {
    if (!isRow(record)) {
      refuse(options.summary, record, record.errors);
      continue;
    }
    // A sku that comes twice is first one thing, then the other: in one statement it could be only one.
    if (batch.has(record.row.sku)) await flush();
    batch.set(record.row.sku, record);
    bytes += record.bytes;
    if (batch.size >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX) await flush();
  }
  await flush();
}

const isRow = (record: ImportRecord): record is ReadRow => record.row !== undefined;

function refuse(summary: Mutable<ImportSummary>, record: ImportRecord, errors: readonly FieldError[]): void {
  summary.refused_count += 1;
  summary.refused_truncated = summary.refused_count > REFUSALS_MAX;
  if (summary.refused_truncated) return;
  const refusal: ImportRefusal = { line: record.line, sku: record.sku, errors: [...errors] };
  summary.refused.push(refusal);
}

interface BatchOutcome {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: readonly (readonly [ImportRecord, readonly FieldError[]])[];
  /** Rows whose product somebody else wrote in this moment. */
  readonly again: readonly ReadRow[];
}

async function importBatch(ctx: UserCtx, rows: readonly ReadRow[], options: ImportOptions): Promise<void> {
  for (let rest = rows; rest.length > 0;) rest = await importRows(ctx, rest, options);
}

/**
 * Writes rows in one transaction. When the database refuses one of them, half of them are written without the other half, and so
 * on down to that row, which is refused alone.
 * @returns rows that are to be written again
 */
async function importRows(
  ctx: UserCtx,
  rows: readonly ReadRow[],
  options: ImportOptions,
): Promise<readonly ReadRow[]> {
  try {
    const outcome = await ctx.transact((tx) => writeBatch(ctx, tx, rows, options.stock));
    count(outcome, options);
    return outcome.again;
  } catch (error) {
    if (!isRefusedValue(error)) throw error;
    const [row] = rows;
    if (row !== undefined && rows.length === 1) {
      refuse(options.summary, row, refusalOf(ctx, row, error));
      return [];
    }
    const middle = Math.ceil(rows.length / 2);
    await importBatch(ctx, rows.slice(0, middle), options);
    return rows.slice(middle);
  }
}

function count(outcome: BatchOutcome, { summary, onBatch, failpoint }: ImportOptions): void {
  summary.created += outcome.created;
  summary.updated += outcome.updated;
  summary.unchanged += outcome.unchanged;
  for (const [record, errors] of outcome.refused) refuse(summary, record, errors);
  if (outcome.created + outcome.updated > 0) onBatch();
  failpoint('catalog-import-batch-done');
}

function refusalOf(ctx: UserCtx, { line }: ReadRow, error: unknown): readonly FieldError[] {
  // Whatever the rules let through, the tables must be able to hold.
  ctx.log.warn({ err: error, line }, 'the database refused a row of an import');
  return [{ field: 'line', code: 'row_not_storable', detail: 'holds a value that cannot be stored' }];
}

interface DecidedRow {
  readonly record: ReadRow;
  readonly product: ProductRow | undefined;
  readonly decision: RowDecision;
}

async function writeBatch(
  ctx: UserCtx,
  tx: Tx,
  rows: readonly ReadRow[],
  stockMode: ImportOptions['stock'],
): Promise<BatchOutcome> {
  const existing = await findBySkus(
    tx,
    rows.map(({ row }) => row.sku),
  );
  const known = new Map(existing.map((product) => [product.sku, product]));
  const decided = rows.map((record): DecidedRow => {
    const product = known.get(record.row.sku);
    return { record, product, decision: decideRow(product, record.row, ctx.tenant.currency) };
  });
  const movement = { reason: 'import', actorId: ctx.principal.id };
  const [added, changed] = [newProducts(decided), changedProducts(decided)];
  const targets = stockMode === 'set' ? stockTargets(decided) : [];
  const [created, revisions, restocked] = await Promise.all([
    added.length > 0 ? insertProducts(tx, added, movement) : [],
    changed.length > 0 ? updateProducts(tx, changed) : [],
    targets.length > 0 ? setUnits(tx, targets, movement) : [],
  ]);
  const updated = revised(changed, revisions);
  await Promise.all([
    recordProducts(tx, productCreated, created, ctx.tenant),
    recordProducts(tx, productUpdated, updated, ctx.tenant),
    recordStock(tx, [...created.map(stockOf), ...restocked], movement.reason),
  ]);
  return outcomeOf(decided, [...created, ...updated], restocked);
}

function newProducts(decided: readonly DecidedRow[]): NewProduct[] {
  return decided.flatMap(({ decision }) =>
    decision.kind === 'create'
      ? [{ ...decision.content, stock: decision.stock, id: newId('product'), moveId: newId('stockMove') }]
      : [],
  );
}

function changedProducts(decided: readonly DecidedRow[]): ProductRow[] {
  return decided.flatMap(({ decision, product }) =>
    decision.kind === 'update' && product ? [{ ...product, ...decision.content }] : [],
  );
}

function stockTargets(decided: readonly DecidedRow[]): StockTarget[] {
  return decided.flatMap(({ product, record, decision }) =>
    product && record.row.stock !== undefined && decision.kind !== 'refuse'
      ? [{ productId: product.id, moveId: newId('stockMove'), stock: record.row.stock }]
      : [],
  );
}

function revised(changed: readonly ProductRow[], revisions: readonly Revision[]): ProductRow[] {
  const byId = new Map(changed.map((product) => [product.id, product]));
  return revisions.flatMap((revision) => {
    const product = byId.get(revision.id);
    return product === undefined ? [] : [{ ...product, ...revision }];
  });
}

function outcomeOf(
  decided: readonly DecidedRow[],
  written: readonly ProductRow[],
  restocked: readonly StockRow[],
): BatchOutcome {
  const writtenSkus = new Set(written.map(({ sku }) => sku));
  const restockedIds = new Set<string>(restocked.map(({ product_id }) => product_id));
  const counts = { created: 0, updated: 0, unchanged: 0 };
  const refused: [ImportRecord, readonly FieldError[]][] = [];
  const again: ReadRow[] = [];
  for (const { record, product, decision } of decided) {
    const isWritten = writtenSkus.has(record.row.sku);
    if (decision.kind === 'refuse') refused.push([record, decision.errors]);
    else if (decision.kind !== 'unchanged' && !isWritten) again.push(record);
    else if (decision.kind === 'create') counts.created += 1;
    else if (isWritten || (product && restockedIds.has(product.id))) counts.updated += 1;
    else counts.unchanged += 1;
  }
  return { ...counts, refused, again };
}
