import { isIbanForm } from './document-formats.ts';
import type { Drawing } from './pdf-heading.ts';
import { type Page, SHADE, STYLES } from './pdf-page.ts';
import { lineHeight, type TextStyle } from './pdf-text.ts';

const MARGIN_ABOVE = 6;
const MARGIN_BELOW = 8;
const PADDING = 10;
const COLUMN_GAP = 14;
const ROW_GAP = 2;
const HEADING_HEIGHT = lineHeight(STYLES.heading) + 3;

interface Row {
  readonly label: string;
  readonly style: TextStyle;
  readonly lines: readonly string[];
}

/** Where to pay, broken into lines. */
export interface TransferBlock {
  readonly heading: string;
  readonly rows: readonly Row[];
  readonly labelWidth: number;
  /** With its margins. */
  readonly height: number;
}

/** The account of the shop and what to write into the transfer; undefined on a document that asks for no money. */
export function transferBlockOf({ page, snapshot, texts, formats }: Drawing): TransferBlock | undefined {
  const { pay_to: account } = snapshot.payment;
  if (account === undefined) return undefined;
  const numberLabel = isIbanForm(account.account_number) ? texts.iban : texts.accountNumber;
  const facts = [
    [texts.accountHolder, account.holder, STYLES.body],
    [numberLabel, formats.account(account.account_number), STYLES.strong],
    [texts.bic, account.bic, STYLES.body],
    [texts.bank, account.bank_name, STYLES.body],
    [texts.paymentReference, snapshot.number, STYLES.strong],
  ] as const;
  const labelWidth = Math.max(...facts.map(([label]) => page.type.width(label, STYLES.body)));
  const valueWidth = page.width - 2 * PADDING - labelWidth - COLUMN_GAP;
  const rows = facts.flatMap(([label, value, style]): Row[] =>
    value === null ? [] : [{ label, style, lines: page.type.wrap(value, style, valueWidth) }],
  );
  const rowsHeight = rows.reduce((sum, row) => sum + heightOf(row), 0);
  return {
    heading: texts.transferTo.toUpperCase(),
    rows,
    labelWidth,
    height: MARGIN_ABOVE + 2 * PADDING + HEADING_HEIGHT + rowsHeight + MARGIN_BELOW,
  };
}

const heightOf = ({ lines, style }: Row): number => lines.length * lineHeight(style) + ROW_GAP;

/** Where the next thing goes, whole. */
export function drawTransfer(page: Page, { heading, rows, labelWidth, height }: TransferBlock): void {
  page.ensure(height);
  const top = page.y + MARGIN_ABOVE;
  page.box(page.left, top, page.width, height - MARGIN_ABOVE - MARGIN_BELOW, SHADE);
  const left = page.left + PADDING;
  page.type.draw(heading, STYLES.heading, left, top + PADDING);
  let y = top + PADDING + HEADING_HEIGHT;
  for (const row of rows) {
    page.type.draw(row.label, STYLES.body, left, y);
    page.lines(row.lines, row.style, left + labelWidth + COLUMN_GAP, y);
    y += heightOf(row);
  }
  page.y += height;
}
