import { z } from 'zod';
import type { Api } from '../api.ts';
import { readCsv } from '../csv-records.ts';
import { CliFailure } from '../failure.ts';
import type { RefusalReport } from '../refusal-report.ts';
import { openSourceFile } from '../source-file.ts';
import { count, startProgress, type Terminal } from '../terminal.ts';
import { forEachConcurrently } from './concurrency.ts';
import { prepareShop, type Shop } from './prepare-shop.ts';
import type { RefundableOrder } from './refund-amount.ts';
import { type Refused, replayReversal, replaySale } from './replay-sale.ts';
import { createPlan, type RetailPlan, type Reversal } from './retail-plan.ts';
import { parseRetailLine, readableNames, RETAIL_COLUMNS } from './retail-row.ts';

export interface OrdersImport {
  readonly file: string;
  /** Orders at once. */
  readonly concurrency: number;
  /** Only the first so many invoice numbers. */
  readonly limit: number | undefined;
  readonly api: Api;
  readonly terminal: Terminal;
  readonly report: RefusalReport;
}

/** What became of the invoices of a file. */
export interface OrdersImported {
  readonly invoices: number;
  readonly confirmed: number;
  readonly canceled: number;
  readonly refunded: number;
  /** How many of these three are new; the rest was there from an earlier run. */
  readonly fresh: number;
  /** Invoices and lines that were left out by plan, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Lines that cannot be read. */
  readonly unreadableCount: number;
  /** Invoices that the API did not take, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  readonly refusedCount: number;
  /** How many of these because the API failed, which it never should. */
  readonly brokenCount: number;
  /** Time for the orders alone. */
  readonly orderSeconds: number;
}

/**
 * Replays the invoices of the Online Retail file as B2B orders through the public API: customers and products first, then the
 * orders, then what takes them back. All of it is found again by the invoice numbers, so that a second run adds nothing, whoever
 * signs in.
 * @throws CliFailure when the file makes no sense or the API cannot be reached
 */
export async function importOrders(options: OrdersImport): Promise<OrdersImported> {
  const { api, terminal, report } = options;
  const plan = await readPlan(options);
  for (const entry of [...plan.unreadable, ...plan.skipped]) report.add(entry);
  const shopSize = `${count(plan.customers.length)} customers, ${count(plan.products.length)} products`;
  terminal.note(`${count(plan.invoiceCount)} invoices: ${shopSize}, ${count(plan.sales.length)} orders`);
  const shop = await prepareShop(api, options.concurrency, plan.customers, plan.products);

  const tally = createTally(plan, report);
  const orders = new Map<string, RefundableOrder>();
  const startedMs = performance.now();
  await replaySales(plan, shop, options, tally, orders);
  const orderSeconds = (performance.now() - startedMs) / 1000;
  await replayReversals(plan, options, tally, orders);
  return { invoices: plan.invoiceCount, ...tally.totals(), orderSeconds };
}

async function readPlan({ file, limit }: OrdersImport): Promise<RetailPlan> {
  const source = await openSourceFile(file);
  const plan = createPlan(limit);
  let isChecked = false;
  for await (const record of readCsv(source.text())) {
    if ('fault' in record) {
      // Behind a field too many or too few, all others are at the wrong place.
      const { invoice } = readableNames(record.fields ?? {});
      plan.addUnreadable({ line: record.line, invoice, customer: undefined, reason: record.fault });
      continue;
    }
    const missing = isChecked ? [] : RETAIL_COLUMNS.filter((name) => !(name in record.fields));
    if (missing.length > 0)
      throw new CliFailure(`${file} is no Online Retail CSV: the columns ${missing.join(', ')} are missing.`);
    isChecked = true;
    try {
      plan.add(parseRetailLine(record.fields));
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      const reason = z.prettifyError(error);
      plan.addUnreadable({ line: record.line, ...readableNames(record.fields), reason });
    }
  }
  return plan.build();
}

async function replaySales(
  { sales }: RetailPlan,
  shop: Shop,
  { api, terminal, concurrency }: OrdersImport,
  tally: Tally,
  orders: Map<string, RefundableOrder>,
): Promise<void> {
  const progress = startProgress(terminal, 'ordering', sales.length);
  let done = 0;
  try {
    await forEachConcurrently(sales, concurrency, async (sale) => {
      const outcome = await replaySale(api, shop, sale);
      if (outcome.kind === 'refused') tally.refuse(sale.invoice, outcome);
      else {
        tally.count(outcome.kind, outcome.isNew);
        orders.set(sale.invoice, outcome.order);
      }
      done += 1;
      progress.update(done, `${count(done)} orders`);
    });
  } finally {
    progress.stop();
  }
}

async function replayReversals(
  { reversals }: RetailPlan,
  { api, concurrency }: OrdersImport,
  tally: Tally,
  orders: ReadonlyMap<string, RefundableOrder>,
): Promise<void> {
  // What takes back parts of one order goes one after the other.
  const byOrder = Map.groupBy(reversals, (reversal) => reversal.of);
  await forEachConcurrently(byOrder, concurrency, async ([of, ofOne]: [string, Reversal[]]) => {
    const order = orders.get(of);
    for (const reversal of ofOne) {
      if (order === undefined) {
        tally.refuse(reversal.invoice, ORDER_REFUSED);
        continue;
      }
      const outcome = await replayReversal(api, order, reversal);
      if (outcome.kind === 'refused') tally.refuse(reversal.invoice, outcome);
      else tally.count(outcome.kind, outcome.isNew);
    }
  });
}

const ORDER_REFUSED = { reason: 'the order that it takes back was refused', isBroken: false };

interface Tally {
  count(kind: 'confirmed' | 'canceled' | 'refunded', isNew: boolean): void;
  refuse(invoice: string, refused: Pick<Refused, 'reason' | 'isBroken'>): void;
  totals(): Omit<OrdersImported, 'invoices' | 'orderSeconds'>;
}

function createTally({ skipped, unreadable }: RetailPlan, report: RefusalReport): Tally {
  const lost = unreadable
    .filter(({ invoice }) => invoice === undefined)
    .map(() => 'a line cannot be read, nor the number of its invoice');
  const counts = { confirmed: 0, canceled: 0, refunded: 0 };
  const refused = new Map<string, number>();
  let fresh = 0;
  let brokenCount = 0;
  return {
    count(kind, isNew) {
      counts[kind] += 1;
      if (isNew) fresh += 1;
    },
    refuse(invoice, { reason, isBroken }) {
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
      if (isBroken) brokenCount += 1;
      report.add({ invoice, reason });
    },
    totals: () => ({
      ...counts,
      fresh,
      skipped: countBy([...skipped.map(({ reason }) => reason), ...lost]),
      unreadableCount: unreadable.length,
      refused,
      refusedCount: [...refused.values()].reduce((sum, one) => sum + one, 0),
      brokenCount,
    }),
  };
}

function countBy(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
