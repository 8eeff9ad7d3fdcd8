import type { Formats } from './document-formats.ts';
import { taxNamesOf, type Texts } from './document-texts.ts';
import { type Page, SHADE, STYLES } from './pdf-page.ts';
import { lineHeight, type TextStyle } from './pdf-text.ts';
import type { DocumentSnapshot } from './rules/snapshot.ts';

const GAP = 18;
const BRAND_HEIGHT = 46;

/** What the parts of a document are drawn from. */
export interface Drawing {
  readonly page: Page;
  readonly snapshot: DocumentSnapshot;
  readonly texts: Texts;
  readonly formats: Formats;
}

export const titleOf = ({ kind }: DocumentSnapshot, texts: Texts): string =>
  kind === 'invoice' ? texts.invoice : texts.creditNote;

/** First page: the shop's name where a logo would stand, the title, who and whom, and the facts in a band. */
export function drawHeading(drawing: Drawing): void {
  const { page, snapshot, texts } = drawing;
  const { type, left, right, width } = page;
  const top = page.y;
  const brand = fittingBrand(page, snapshot.seller.trade_name, width * 0.55);
  page.lines(brand.lines, brand.style, left, top);
  type.drawRight(titleOf(snapshot, texts), STYLES.title, right, top - 4);
  type.drawRight(snapshot.number, STYLES.strong, right, top + 26);
  page.y = top + BRAND_HEIGHT + GAP;
  drawParties(drawing);
  page.y += GAP;
  drawFacts(drawing);
  drawCorrection(drawing);
  page.y += GAP;
}

/** The name as large as it fits into the place of a logo; cut only when even small letters need more. */
function fittingBrand(page: Page, name: string, width: number): { style: TextStyle; lines: string[] } {
  const styles = [17, 14, 11].map((size) => ({ ...STYLES.brand, size }));
  for (const style of styles) {
    const lines = page.type.wrap(name, style, width);
    if (lines.length * lineHeight(style) <= BRAND_HEIGHT) return { style, lines };
  }
  const style = { ...STYLES.brand, size: 11 };
  const lines = page.type.wrap(name, style, width - 12).slice(0, 3);
  return { style, lines: [...lines.slice(0, -1), `${lines.at(-1) ?? ''}…`] };
}

/** Further pages begin with whose document this is. */
export function drawRunningHead({ page, snapshot, texts }: Drawing): void {
  const { type, left, right } = page;
  const title = `${titleOf(snapshot, texts)} ${snapshot.number} (${texts.continued})`;
  const room = page.width - type.width(title, STYLES.small) - GAP;
  const [name = ''] = type.wrap(snapshot.seller.trade_name, STYLES.small, room);
  type.draw(name, STYLES.small, left, page.y);
  type.drawRight(title, STYLES.small, right, page.y);
  page.y += lineHeight(STYLES.small) + 10;
}

interface Party {
  readonly heading: string;
  readonly name: string;
  readonly lines: readonly string[];
}

function drawParties({ page, snapshot, texts, formats }: Drawing): void {
  const { seller, buyer, ship_to: shipTo } = snapshot;
  const { taxId } = taxNamesOf(snapshot.locale);
  const taxLine = (id: string | null) => (id === null ? [] : [`${taxId}: ${id}`]);
  const addressOf = (address: typeof shipTo) => (address === null ? [] : formats.address(address));
  const parties: Party[] = [
    {
      heading: texts.from,
      name: seller.name,
      lines: [...taxLine(seller.tax_id), ...addressOf(seller.address)],
    },
    {
      heading: texts.billTo,
      name: buyer.name,
      lines: [...taxLine(buyer.tax_id), ...addressOf(buyer.address), ...(buyer.email ? [buyer.email] : [])],
    },
  ];
  if (shipTo !== null && JSON.stringify(shipTo) !== JSON.stringify(buyer.address)) {
    parties.push({ heading: texts.shipTo, name: shipTo.name ?? buyer.name, lines: addressOf(shipTo) });
  }
  drawColumns(page, parties);
}

/** Side by side, and on a further page what a whole one has no room for. */
function drawColumns(page: Page, parties: readonly Party[]): void {
  const columnWidth = (page.width - 2 * GAP) / 3;
  const headingHeight = lineHeight(STYLES.heading) + 3;
  const setIn = (style: TextStyle) => (text: string) =>
    page.type.wrap(text, style, columnWidth).map((line) => ({ line, style }));
  let columns = parties.map(({ heading, name, lines }) => ({
    heading: heading.toUpperCase(),
    lines: [...setIn(STYLES.strong)(name), ...lines.flatMap(setIn(STYLES.body))],
  }));
  while (columns.some(({ lines }) => lines.length > 0)) {
    page.ensure(headingHeight + lineHeight(STYLES.body));
    const top = page.y;
    const count = Math.floor((page.bottom - top - headingHeight) / lineHeight(STYLES.body));
    const ends = columns.map(({ heading, lines }, index) => {
      const x = page.left + index * (columnWidth + GAP);
      if (lines.length > 0) page.type.draw(heading, STYLES.heading, x, top);
      return lines
        .slice(0, count)
        .reduce((y, { line, style }) => page.lines([line], style, x, y), top + headingHeight);
    });
    page.y = Math.max(...ends);
    columns = columns.map(({ heading, lines }) => ({ heading, lines: lines.slice(count) }));
  }
}

function factsOf({ snapshot, texts, formats }: Drawing): (readonly [string, string])[] {
  const { payment, corrects, order } = snapshot;
  return [
    [texts.issuedOn, formats.day(snapshot.issued_on)],
    ...(corrects === null ? [] : ([[texts.corrects, corrects.number]] as const)),
    [texts.order, order.number],
    [texts.orderedOn, formats.dayOf(order.placed_at)],
    ...(payment.due_on === null ? [] : ([[texts.dueOn, formats.day(payment.due_on)]] as const)),
  ];
}

function drawFacts(drawing: Drawing): void {
  const { page } = drawing;
  const facts = factsOf(drawing);
  const padding = 10;
  const gap = 12;
  const room = page.width - 2 * padding - gap * (facts.length - 1);
  const needed = facts.map(([label, value]) =>
    Math.max(page.type.width(label, STYLES.heading), page.type.width(value, STYLES.strong)),
  );
  const spare = room - needed.reduce((sum, width) => sum + width, 0);
  const widths = needed.map((width) => (spare >= 0 ? width + spare / facts.length : room / facts.length));
  const cells = facts.map(([label, value], index) => ({
    label,
    lines: page.type.wrap(value, STYLES.strong, widths[index] ?? 0),
  }));
  const lineCount = Math.max(...cells.map(({ lines }) => lines.length));
  const height = 2 * padding + lineHeight(STYLES.heading) + 2 + lineCount * lineHeight(STYLES.strong);
  page.ensure(height);
  page.box(page.left, page.y, page.width, height, SHADE);
  let x = page.left + padding;
  cells.forEach(({ label, lines }, index) => {
    page.type.draw(label, STYLES.heading, x, page.y + padding);
    const top = page.y + padding + lineHeight(STYLES.heading) + 2;
    lines.forEach((line, row) =>
      page.type.draw(line, STYLES.strong, x, top + row * lineHeight(STYLES.strong)),
    );
    x += (widths[index] ?? 0) + gap;
  });
  page.y += height;
}

/** A credit note says which invoice it corrects, and why. */
function drawCorrection({ page, snapshot: { corrects }, texts, formats }: Drawing): void {
  if (corrects === null) return;
  page.y += 10;
  page.say(texts.creditStatement(corrects.number, formats.day(corrects.issued_on)), STYLES.body);
  const reason = texts.reasons[corrects.reason] ?? corrects.reason;
  if (reason !== '') page.say(`${texts.reason}: ${reason}`, STYLES.body);
}
