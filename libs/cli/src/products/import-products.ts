import { importSummary } from '@zoco/contracts';
import { type Api, describe } from '../api.ts';
import type { ProductFormat } from '../command-line.ts';
import { CliFailure } from '../failure.ts';
import type { RefusalReport } from '../refusal-report.ts';
import { openSourceFile } from '../source-file.ts';
import { count, type Progress, startProgress, type Terminal } from '../terminal.ts';
import { type Batch, batchesOf } from './batches.ts';
import type { Refusal } from './product-line.ts';
import { readProducts } from './read-products.ts';

export interface ProductsImport {
  readonly file: string;
  readonly format: ProductFormat | undefined;
  readonly api: Api;
  readonly terminal: Terminal;
  readonly report: RefusalReport;
}

/** What became of the rows of a file. */
export interface ProductsImported {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refusedCount: number;
  /** The first of them; the report has all. */
  readonly refused: readonly Refusal[];
  readonly seconds: number;
}

const REFUSED_SHOWN_MAX = 50;

/**
 * Streams the products of a file to the catalog in batches. A product is found again by its sku, so a second run, or one after
 * an interruption, changes only what is different.
 * @throws CliFailure when the file cannot be read or the catalog does not take a batch
 */
export async function importProducts(options: ProductsImport): Promise<ProductsImported> {
  const { api, terminal } = options;
  const file = await openSourceFile(options.file);
  const startedMs = performance.now();
  const totals = { created: 0, updated: 0, unchanged: 0, refusedCount: 0 };
  const refused: Refusal[] = [];
  const refuse = (refusal: Refusal, times = 1) => {
    totals.refusedCount += times;
    if (refused.length < REFUSED_SHOWN_MAX) refused.push(refusal);
    options.report.add(refusal);
  };
  const progress = startProgress(terminal, 'importing', file.bytesTotal);
  try {
    for await (const batch of batchesOf(readProducts(file, options.format), refuse)) {
      const answer = await sendBatch(api, batch);
      totals.created += answer.created;
      totals.updated += answer.updated;
      totals.unchanged += answer.unchanged;
      for (const refusal of answer.refused) refuse(inSource(batch, refusal));
      // The catalog may list fewer than it counts; the rest has no line to show.
      totals.refusedCount += answer.refused_count - answer.refused.length;
      show(progress, file.bytesRead, totals);
    }
  } finally {
    progress.stop();
  }
  return { ...totals, refused, seconds: (performance.now() - startedMs) / 1000 };
}

async function sendBatch(api: Api, batch: Batch) {
  const answer = await api.send({
    method: 'POST',
    path: '/products/import',
    body: { type: 'application/x-ndjson', text: batch.text },
  });
  if (answer.problem === undefined) return importSummary.parse(answer.body);
  const first = batch.lines[0]?.line ?? 0;
  throw new CliFailure(
    `The catalog did not take the batch that begins at line ${first} (${describe(answer)}): what was sent before is in, run the same command again to go on.`,
  );
}

type ApiRefusal = ReturnType<typeof importSummary.parse>['refused'][number];

/** The catalog counts the lines of a batch; people look for the line of their file. */
function inSource(batch: Batch, refusal: ApiRefusal): Refusal {
  const source = batch.lines[refusal.line - 1];
  const reason = refusal.errors.map(({ field, detail }) => `${field} ${detail}`).join('; ');
  return { line: source?.line ?? 0, sku: refusal.sku ?? source?.sku ?? null, reason };
}

function show(
  progress: Progress,
  bytesRead: number,
  totals: { created: number; updated: number; unchanged: number; refusedCount: number },
): void {
  const { created, updated, unchanged, refusedCount } = totals;
  const done = created + updated + unchanged + refusedCount;
  const refused = refusedCount === 0 ? '' : `, ${count(refusedCount)} refused`;
  progress.update(bytesRead, `${count(done)} rows${refused}`);
}
