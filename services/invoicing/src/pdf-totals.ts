import { taxNamesOf } from './document-texts.ts';
import { inTurns } from './in-turns.ts';
import type { Drawing } from './pdf-heading.ts';
import { ACCENT, INK, type Page, SHADE, STYLES } from './pdf-page.ts';
import { lineHeight, type TextStyle } from './pdf-text.ts';
import { drawTransfer, transferBlockOf, type TransferBlock } from './pdf-transfer.ts';

const GAP = 16;
const ROW = lineHeight(STYLES.figures) + 4;
const TOTAL_HEIGHT = 30;
const SUMS_HEIGHT = 2 * ROW + TOTAL_HEIGHT + 4;
const COLUMN_GAP = 14;
const TOTAL_GAP = 8;
/** Of what is said of the payment, without the account. */
const PAYMENT_HEIGHT = 4 * lineHeight(STYLES.body);

/**
 * Taxes by rate on the left and totals on the right, or one below the other where the amounts are too wide; then what there is
 * to pay. Kept together on one page, unless there are more rates than one has room for.
 */
export async function drawTotals(drawing: Drawing, fingerprint: string): Promise<void> {
  const { page } = drawing;
  const taxes = taxTableOf(drawing);
  const transfer = transferBlockOf(drawing);
  const half = (page.width - GAP) / 2;
  const isNarrow = taxes.width <= half;
  const taxesHeight = (taxes.rows.length + 1) * ROW + 4;
  const blockHeight = isNarrow ? Math.max(taxesHeight, SUMS_HEIGHT) : taxesHeight + GAP + SUMS_HEIGHT;
  const paymentHeight = PAYMENT_HEIGHT + (transfer?.height ?? 0);
  const heightWith = (height: number) => GAP + height + GAP + paymentHeight;
  // Where a whole page has no room for all of it, only totals and payment are kept together.
  page.ensure(heightWith(blockHeight));
  const isBeside = isNarrow && page.y + heightWith(blockHeight) <= page.bottom;
  page.y += GAP;
  const top = page.y;
  await drawTaxes(page, taxes, isBeside ? page.left + half : page.right);
  if (isBeside) page.y = top;
  else if (!page.ensure(heightWith(SUMS_HEIGHT))) page.y += GAP;
  drawSums(drawing, page.right - half + 30);
  page.y += isBeside ? blockHeight + GAP : SUMS_HEIGHT + GAP;
  drawPayment(drawing, transfer, fingerprint);
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

async function drawTaxes(page: Page, { headings, rows, widths }: TaxTable, right: number): Promise<void> {
  const rights: number[] = [];
  let edge = right;
  for (const width of widths.toReversed()) {
    rights.unshift(edge);
    edge -= width + COLUMN_GAP;
  }
  const drawRow = (label: string, figures: readonly string[], style: TextStyle) => {
    page.type.draw(label, style, page.left, page.y);
    figures.forEach((figure, column) => page.type.drawRight(figure, style, rights[column] ?? right, page.y));
    page.y += ROW;
  };
  const [label = '', ...figureHeadings] = headings;
  const drawHead = () => {
    drawRow(label, figureHeadings, STYLES.heading);
    page.line(page.y - 3, { to: right, color: INK, thickness: 0.8 });
  };
  drawHead();
  await inTurns(rows, (row) => {
    if (page.ensure(ROW)) drawHead();
    drawRow(row.label, row.figures, STYLES.figures);
  });
  page.y += 4;
}

/** From `page.y` on, down to the right edge. */
function drawSums({ page, snapshot, texts, formats }: Drawing, left: number): void {
  const { right, y: top } = page;
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
  const label = snapshot.kind === 'invoice' ? texts.total : texts.totalCredited;
  const amount = formats.money(snapshot.total_cents);
  const style = totalStyleOf(page, label, amount, right - 8 - left);
  const textTop = y + (TOTAL_HEIGHT - lineHeight(style)) / 2;
  page.type.draw(label, style, left, textTop);
  page.type.drawRight(amount, style, right - 8, textTop);
}

/** As large as label and amount have room beside each other. */
function totalStyleOf(page: Page, label: string, amount: string, room: number): TextStyle {
  const styles = [STYLES.total.size, 10.5].map((size) => ({ ...STYLES.total, size }));
  const isFitting = (style: TextStyle) =>
    page.type.width(label, style) + TOTAL_GAP + page.type.width(amount, style) <= room;
  return styles.find(isFitting) ?? { ...STYLES.total, size: 9 };
}

function drawPayment(drawing: Drawing, transfer: TransferBlock | undefined, fingerprint: string): void {
  const { page, snapshot, texts, formats } = drawing;
  const { payment } = snapshot;
  if (snapshot.kind === 'invoice') {
    page.say(payment.paid ? texts.paid[payment.method] : texts.unpaid, STYLES.strong);
    if (payment.due_on !== null) {
      const due = formats.day(payment.due_on);
      page.say(payment.terms_days ? texts.payBy(due, payment.terms_days) : texts.payNow(due), STYLES.body);
    }
    if (transfer !== undefined) drawTransfer(page, transfer);
  }
  page.say(snapshot.prices_include_tax ? texts.pricesIncludeTax : texts.amountsWithoutTax, STYLES.small);
  page.y += 4;
  page.say(`${texts.dataAttached} (SHA-256 ${fingerprint}).`, STYLES.tiny);
}
