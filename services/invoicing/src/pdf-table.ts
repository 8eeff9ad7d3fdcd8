import { taxNamesOf } from './document-texts.ts';
import { inTurns } from './in-turns.ts';
import type { Drawing } from './pdf-heading.ts';
import { INK, type Page, STYLES } from './pdf-page.ts';
import { lineHeight } from './pdf-text.ts';
import type { DocumentLine } from './rules/snapshot.ts';

const CELL_GAP = 12;
const ROW_PADDING = 5;

interface Row {
  readonly description: string;
  readonly sku: string | null;
  readonly figures: readonly string[];
}

/** Where each column of figures ends, and how wide the description may be. */
interface Columns {
  readonly rights: readonly number[];
  readonly descriptionWidth: number;
}

/** The lines: columns as wide as their figures need, rows never cut by the end of a page, the head repeated on each. */
export async function drawTable(drawing: Drawing): Promise<void> {
  const { page } = drawing;
  const headings = headingsOf(drawing);
  const widths = headings.map((heading) => page.type.width(heading, STYLES.heading));
  const rows: Row[] = [];
  await inTurns(drawing.snapshot.lines, (line) => {
    const row = rowOf(line, drawing);
    rows.push(row);
    row.figures.forEach((figure, column) => {
      widths[column] = Math.max(widths[column] ?? 0, page.type.width(figure, STYLES.figures));
    });
  });
  const columns = columnsOf(page, widths);
  const drawHead = () => drawTableHead(drawing, headings, columns);
  const [first] = rows;
  const headHeight = lineHeight(STYLES.heading) + 2 * ROW_PADDING;
  const firstHeight = first === undefined ? 0 : heightOf(rowLines(page, first, columns));
  page.ensure(headHeight + firstHeight);
  drawHead();
  await inTurns(rows, (row) => {
    const lines = rowLines(page, row, columns);
    if (page.ensure(heightOf(lines))) drawHead();
    drawRow(page, row, lines, columns);
  });
}

function headingsOf({ texts, snapshot }: Drawing): string[] {
  const { tax } = taxNamesOf(snapshot.locale);
  // Part of an invoice has no quantities: it is spread over the rates, not over the goods.
  if (snapshot.lines.some(({ kind }) => kind === 'refund')) return [tax, texts.amount];
  return [texts.quantity, texts.unitPrice, tax, texts.amount];
}

function rowOf(line: DocumentLine, { snapshot, texts, formats }: Drawing): Row {
  const amount = formats.money(snapshot.prices_include_tax ? line.gross_cents : line.net_cents);
  const rate = formats.rate(line.tax_rate_bps);
  if (line.kind === 'refund') {
    const description = `${texts.refundOf} ${snapshot.corrects?.number ?? ''}`;
    return { description, sku: null, figures: [rate, amount] };
  }
  return {
    description: line.description ?? texts.shipping,
    sku: line.sku,
    figures: [formats.count(line.quantity), formats.money(line.unit_price_cents), rate, amount],
  };
}

function columnsOf(page: Page, widths: readonly number[]): Columns {
  const rights: number[] = [];
  let right = page.right;
  for (const width of widths.toReversed()) {
    rights.unshift(right);
    right -= width + CELL_GAP;
  }
  return { rights, descriptionWidth: right - page.left };
}

interface RowLines {
  readonly description: readonly string[];
  readonly sku: readonly string[];
}

function rowLines(page: Page, row: Row, columns: Columns): RowLines {
  return {
    description: page.type.wrap(row.description, STYLES.body, columns.descriptionWidth),
    sku: row.sku === null ? [] : page.type.wrap(row.sku, STYLES.small, columns.descriptionWidth),
  };
}

function heightOf(lines: RowLines): number {
  return (
    lines.description.length * lineHeight(STYLES.body) +
    lines.sku.length * lineHeight(STYLES.small) +
    2 * ROW_PADDING
  );
}

function drawTableHead({ page, texts }: Drawing, headings: readonly string[], columns: Columns): void {
  const y = page.y + ROW_PADDING;
  page.type.draw(texts.description, STYLES.heading, page.left, y);
  headings.forEach((heading, column) =>
    page.type.drawRight(heading, STYLES.heading, columns.rights[column] ?? page.right, y),
  );
  page.y += lineHeight(STYLES.heading) + 2 * ROW_PADDING;
  page.line(page.y, { color: INK, thickness: 0.8 });
}

function drawRow(page: Page, row: Row, lines: RowLines, columns: Columns): void {
  let y = page.y + ROW_PADDING;
  row.figures.forEach((figure, column) =>
    page.type.drawRight(figure, STYLES.figures, columns.rights[column] ?? page.right, y),
  );
  y = page.lines(lines.description, STYLES.body, page.left, y);
  y = page.lines(lines.sku, STYLES.small, page.left, y);
  page.y = y + ROW_PADDING;
  page.line(page.y);
}
