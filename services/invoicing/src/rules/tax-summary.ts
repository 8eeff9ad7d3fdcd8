import { sumCents } from '@zoco/kernel';
import type { DocumentLine, RateSum } from './snapshot.ts';

/** Sums of the lines by tax rate, highest rate first. */
export function taxSummary(lines: readonly DocumentLine[]): RateSum[] {
  const rates = [...new Set(lines.map((line) => line.tax_rate_bps))].toSorted((a, b) => b - a);
  return rates.map((rate) => {
    const same = lines.filter((line) => line.tax_rate_bps === rate);
    return {
      tax_rate_bps: rate,
      net_cents: sumCents(same.map((line) => line.net_cents)),
      tax_cents: sumCents(same.map((line) => line.tax_cents)),
      gross_cents: sumCents(same.map((line) => line.gross_cents)),
    };
  });
}

/** Net, tax and total of a document: the sums of its tax summary. */
export function totalsOf(summary: readonly RateSum[]) {
  return {
    net_cents: sumCents(summary.map((rate) => rate.net_cents)),
    tax_cents: sumCents(summary.map((rate) => rate.tax_cents)),
    total_cents: sumCents(summary.map((rate) => rate.gross_cents)),
  };
}
