import { taxNamesOf } from './document-texts.ts';
import type { Drawing } from './pdf-heading.ts';
import { ACCENT, INK, type Page, SHADE, STYLES } from './pdf-page.ts';
import { lineHeight, type TextStyle } from './pdf-text.ts';

const GAP = 16;
const ROW = lineHeight(STYLES.figures) + 4;
const TOTAL_HEIGHT = 30;
const COLUMN_GAP = 14;
const PAYMENT_HEIGHT = 4 * lineHeight(STYLES.body);

/**
 * Taxes by rate on the left and totals on the right, or one below the other where the amounts are too wide; then what there is
 * to pay. Kept together on one page.
 */
export function drawTotals(drawing: Drawing, fingerprint: string): void {
  const { page } = drawing;
  const taxes = taxTableOf(drawing);
  const half = (page.width - GAP) / 2;
  const isWide = taxes.width > half;
  const taxesHeight = (taxes.rows.length + 1) * ROW + 4;
  const sumsHeight = 2 * ROW + TOTAL_HEIGHT + 4;
  const blockHeight = isWide ? taxesHeight + GAP + sumsHeight : Math.max(taxesHeight, sumsHeight);
  page.ensure(GAP + blockHeight + GAP + PAYMENT_HEIGHT);
  page.y += GAP;
  const top = page.y;
  drawTaxes(page, taxes, top, isWide ? page.right : page.left + half);
  drawSums(drawing, isWide ? top + taxesHeight + GAP : top, page.right - half + 30, page.right);
  page.y = top + blockHeight + GAP;
  drawPayment(drawing, fingerprint);
}

interface TaxTable {
  readonly headings: readonly string[];
  readonly rows: readonly { readonly label: string; readonly figures: readonly string[] }[];
  /** Of the columns of figures. */
  readonly widths: readonly number[];
  /** That all columns need. */
  readonly width: number;
}

function taxTableOf({ page, snapshot, texts, formats }: Drawing): TaxTable {
  const { tax } = taxNamesOf(snapshot.locale);
  const rows = snapshot.tax_summary.map((sum) => ({
    label: `${tax} ${formats.rate(sum.tax_rate_bps)}`,
    figures: [sum.net_cents, sum.tax_cents, sum.gross_cents].map((cents) => formats.money(cents)),
  }));
  const figureHeadings = [texts.taxable, texts.taxTotal, texts.total];
  const widths = figureHeadings.map((heading, column) =>
    Math.max(
      page.type.width(heading, STYLES.heading),
      ...rows.map(({ figures }) => page.type.width(figures[column] ?? '', STYLES.figures)),
    ),
  );
  const labelWidth = Math.max(...rows.map(({ label }) => page.type.width(label, STYLES.figures)));
  return {
    headings: [tax, ...figureHeadings],
    rows,
    widths,
    width: widths.reduce((sum, width) => sum + width + COLUMN_GAP, labelWidth),
  };
}

function drawTaxes(page: Page, { headings, rows, widths }: TaxTable, top: number, right: number): void {
  const rights: number[] = [];
  let edge = right;
  for (const width of widths.toReversed()) {
    rights.unshift(edge);
    edge -= width + COLUMN_GAP;
  }
  const drawRow = (label: string, figures: readonly string[], style: TextStyle, y: number) => {
    page.type.draw(label, style, page.left, y);
    figures.forEach((figure, column) => page.type.drawRight(figure, style, rights[column] ?? right, y));
  };
  const [label = '', ...figureHeadings] = headings;
  drawRow(label, figureHeadings, STYLES.heading, top);
  page.line(top + ROW - 3, { to: right, color: INK, thickness: 0.8 });
  rows.forEach((row, index) => drawRow(row.label, row.figures, STYLES.figures, top + (index + 1) * ROW));
}

function drawSums(
  { page, snapshot, texts, formats }: Drawing,
  top: number,
  left: number,
  right: number,
): void {
  const { tax } = taxNamesOf(snapshot.locale);
  const rows = [
    [texts.taxable, snapshot.net_cents],
    [tax, snapshot.tax_cents],
  ] as const;
  rows.forEach(([label, cents], index) => {
    page.type.draw(label, STYLES.body, left, top + index * ROW);
    page.type.drawRight(formats.money(cents), STYLES.figures, right, top + index * ROW);
  });
  const y = top + rows.length * ROW + 4;
  page.box(left - 12, y, right - left + 12, TOTAL_HEIGHT, SHADE);
  page.box(left - 12, y, 2.5, TOTAL_HEIGHT, ACCENT);
  const textTop = y + (TOTAL_HEIGHT - lineHeight(STYLES.total)) / 2;
  const label = snapshot.kind === 'invoice' ? texts.total : texts.totalCredited;
  page.type.draw(label, STYLES.total, left, textTop);
  page.type.drawRight(formats.money(snapshot.total_cents), STYLES.total, right - 8, textTop);
}

function drawPayment({ page, snapshot, texts, formats }: Drawing, fingerprint: string): void {
  const { payment } = snapshot;
  const say = (text: string, style: TextStyle) => {
    page.y = page.paragraph(text, style, page.left, page.y, page.width);
  };
  if (snapshot.kind === 'invoice') {
    say(payment.paid ? texts.paid[payment.method] : texts.unpaid, STYLES.strong);
    if (payment.due_on !== null) {
      const due = formats.day(payment.due_on);
      say(payment.terms_days ? texts.payBy(due, payment.terms_days) : texts.payNow(due), STYLES.body);
    }
  }
  say(snapshot.prices_include_tax ? texts.pricesIncludeTax : texts.amountsWithoutTax, STYLES.small);
  page.y += 4;
  say(`${texts.dataAttached} (SHA-256 ${fingerprint}).`, STYLES.tiny);
}
