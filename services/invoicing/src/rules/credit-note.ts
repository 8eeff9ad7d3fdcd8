import { allocate } from '@zoco/kernel';
import type { DocumentDraft, DocumentLine, DocumentSnapshot, RateSum } from './snapshot.ts';
import { taxSummary, totalsOf } from './tax-summary.ts';

/** What of an invoice has not been credited yet, by tax rate. */
export function remainingOf(invoice: DocumentSnapshot, credited: readonly (readonly RateSum[])[]): RateSum[] {
  return invoice.tax_summary.map((rate) => {
    const taken = credited.flat().filter((sum) => sum.tax_rate_bps === rate.tax_rate_bps);
    const left = (of: (sum: RateSum) => number) => taken.reduce((rest, sum) => rest - of(sum), of(rate));
    return {
      tax_rate_bps: rate.tax_rate_bps,
      net_cents: left((sum) => sum.net_cents),
      tax_cents: left((sum) => sum.tax_cents),
      gross_cents: left((sum) => sum.gross_cents),
    };
  });
}

/** What a correction takes back: a refund its amount, a cancellation what is left. */
export interface Reversal {
  /** Null for a cancellation. */
  readonly refundCents: number | null;
  readonly reason: string;
}

/**
 * The credit note that a correction asks for. The cancellation of an order that was paid asks for none: its refunds do, so that each
 * refund has its note whichever event comes first.
 * @returns null when there is nothing to credit
 */
export function correctionDraft(
  invoice: DocumentSnapshot,
  credited: readonly (readonly RateSum[])[],
  { refundCents, reason }: Reversal,
): DocumentDraft | null {
  if (refundCents === null && invoice.payment.paid) return null;
  return creditNoteDraft(invoice, credited, refundCents ?? invoice.total_cents, reason);
}

/**
 * The credit note that takes `refundCents` of an invoice back, at most what is left of it. A note for the whole invoice
 * repeats its lines; a part is spread over the tax rates in proportion to what is left of each, and whoever takes the last
 * cent of a rate takes the rest of its tax, so that all notes of an invoice add up to it exactly.
 * @returns null when nothing is left to credit
 */
export function creditNoteDraft(
  invoice: DocumentSnapshot,
  credited: readonly (readonly RateSum[])[],
  refundCents: number,
  reason: string,
): DocumentDraft | null {
  const remaining = remainingOf(invoice, credited).filter((rate) => rate.gross_cents > 0);
  const leftCents = remaining.reduce((sum, rate) => sum + rate.gross_cents, 0);
  const amountCents = Math.min(refundCents, leftCents);
  if (amountCents <= 0) return null;
  const lines = amountCents === invoice.total_cents ? invoice.lines : partLines(remaining, amountCents);
  const summary = taxSummary(lines);
  return {
    kind: 'credit_note',
    locale: invoice.locale,
    currency: invoice.currency,
    prices_include_tax: invoice.prices_include_tax,
    time_zone: invoice.time_zone,
    order: invoice.order,
    corrects: { number: invoice.number, issued_on: invoice.issued_on, reason },
    seller: invoice.seller,
    buyer: invoice.buyer,
    ship_to: null,
    lines,
    tax_summary: summary,
    ...totalsOf(summary),
    payment: { method: invoice.payment.method, paid: true, terms_days: null },
  };
}

function partLines(remaining: readonly RateSum[], amountCents: number): DocumentLine[] {
  const parts = allocate(
    amountCents,
    remaining.map((rate) => rate.gross_cents),
  );
  return remaining.flatMap((rate, index): DocumentLine[] => {
    const grossCents = parts[index] ?? 0;
    if (grossCents === 0) return [];
    const [taxCents = 0] = allocate(rate.tax_cents, [grossCents, rate.gross_cents - grossCents]);
    return [
      {
        kind: 'refund',
        sku: null,
        description: null,
        quantity: 1,
        unit_price_cents: grossCents,
        tax_rate_bps: rate.tax_rate_bps,
        net_cents: grossCents - taxCents,
        tax_cents: taxCents,
        gross_cents: grossCents,
      },
    ];
  });
}
