import { coloured, count, plural, rate, type Terminal } from '../terminal.ts';
import type { ProductsImported } from './import-products.ts';

/** Says what became of the rows, and names the refused ones. */
export function printImport(
  terminal: Terminal,
  imported: ProductsImported,
  report: string | undefined,
): void {
  const { created, updated, unchanged, refusedCount, refused, seconds } = imported;
  const rows = created + updated + unchanged + refusedCount;
  terminal.out(
    `${plural(rows, 'row')} in ${seconds.toFixed(1)} s (${rate(rows, seconds, 'row')}): ${count(created)} created, ${count(updated)} updated, ${count(unchanged)} unchanged, ${count(refusedCount)} refused`,
  );
  if (refusedCount === 0) return;
  for (const { line, sku, reason } of refused) {
    terminal.note(
      coloured(terminal, 'yellow', `  line ${line}${sku === null ? '' : ` (${sku})`}: ${reason}`),
    );
  }
  const more = refusedCount - refused.length;
  if (more > 0) {
    const where = report === undefined ? 'use --report FILE to see them' : `they are in ${report}`;
    terminal.note(`  and ${count(more)} more: ${where}`);
  }
}
