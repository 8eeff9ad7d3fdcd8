import { coloured, count, plural, rate, type Terminal } from '../terminal.ts';
import type { OrdersImported } from './import-orders.ts';

const REASONS_SHOWN_MAX = 20;

/** Says what became of the invoices, and what was left out and why. */
export function printOrders(terminal: Terminal, imported: OrdersImported, report: string | undefined): void {
  const { invoices, confirmed, canceled, refunded, fresh, orderSeconds } = imported;
  terminal.out(
    `${plural(invoices, 'invoice')}: ${count(confirmed)} orders confirmed in ${orderSeconds.toFixed(1)} s (${rate(confirmed, orderSeconds, 'order')}), ${count(canceled)} canceled, ${count(refunded)} refunded; ${count(fresh)} of these are new`,
  );
  printReasons(terminal, 'left out', imported.skipped);
  printReasons(terminal, 'refused by the API', imported.refused);
  if (report !== undefined) terminal.note(`every one of them is in ${report}`);
}

function printReasons(terminal: Terminal, title: string, reasons: ReadonlyMap<string, number>): void {
  if (reasons.size === 0) return;
  terminal.note(coloured(terminal, 'yellow', `${title}:`));
  const sorted = [...reasons].toSorted(([, a], [, b]) => b - a);
  for (const [reason, times] of sorted.slice(0, REASONS_SHOWN_MAX)) {
    terminal.note(`  ${count(times).padStart(8)}  ${reason}`);
  }
  if (sorted.length > REASONS_SHOWN_MAX)
    terminal.note(`  and ${sorted.length - REASONS_SHOWN_MAX} more reasons`);
}
