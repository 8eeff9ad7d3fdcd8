import { createTypesetter, lineHeight, type TextStyle, type Typesetter } from './pdf-text.ts';

export const INK = '#16181d';
export const MUTED = '#5c6370';
export const ACCENT = '#0f5c66';
export const RULE = '#d5d9df';
export const SHADE = '#f2f5f7';

export const STYLES = {
  brand: { weight: 'semibold', size: 17, color: ACCENT },
  title: { weight: 'semibold', size: 22, color: INK },
  heading: { weight: 'semibold', size: 7.5, color: MUTED },
  strong: { weight: 'semibold', size: 9, color: INK },
  body: { weight: 'regular', size: 9, color: INK },
  figures: { weight: 'regular', size: 9, color: INK, tabular: true },
  total: { weight: 'semibold', size: 12, color: INK, tabular: true },
  small: { weight: 'regular', size: 7.5, color: MUTED },
  tiny: { weight: 'regular', size: 6.5, color: MUTED },
} as const satisfies Record<string, TextStyle>;

const MARGIN = 50;
const FOOTER_HEIGHT = 34;

/** The page being written: where it may be written, and how far it is. */
export interface Page {
  readonly doc: PDFKit.PDFDocument;
  readonly type: Typesetter;
  readonly left: number;
  readonly right: number;
  readonly width: number;
  /** Where the footer begins. */
  readonly bottom: number;
  /** Where the next thing goes. */
  y: number;
  /** Goes to a new page unless `height` points are left; true when it did. */
  ensure(height: number): boolean;
  /** Sets lines below each other, from `y` on. Returns where they ended. */
  lines(lines: readonly string[], style: TextStyle, x: number, y: number): number;
  /** Sets a text over the whole width where the next thing goes, on a new page when there is no room for all of it. */
  say(text: string, style: TextStyle): void;
  line(y: number, options?: { color?: string; from?: number; to?: number; thickness?: number }): void;
  box(x: number, y: number, width: number, height: number, color: string): void;
}

/** @param onNewPage draws what every further page begins with */
export function openPage(doc: PDFKit.PDFDocument, onNewPage: (page: Page) => void): Page {
  doc.addPage();
  const type = createTypesetter(doc);
  const { width: paperWidth, height: paperHeight } = doc.page;
  const page: Page = {
    doc,
    type,
    left: MARGIN,
    right: paperWidth - MARGIN,
    width: paperWidth - 2 * MARGIN,
    bottom: paperHeight - MARGIN - FOOTER_HEIGHT,
    y: MARGIN,
    ensure(height) {
      if (page.y + height <= page.bottom) return false;
      doc.addPage();
      page.y = MARGIN;
      onNewPage(page);
      return true;
    },
    lines(lines, style, x, y) {
      lines.forEach((line, index) => type.draw(line, style, x, y + index * lineHeight(style)));
      return y + lines.length * lineHeight(style);
    },
    say(text, style) {
      const lines = type.wrap(text, style, page.width);
      page.ensure(lines.length * lineHeight(style));
      page.y = page.lines(lines, style, page.left, page.y);
    },
    line(y, { color = RULE, from = page.left, to = page.right, thickness = 0.5 } = {}) {
      doc.lineWidth(thickness).strokeColor(color).moveTo(from, y).lineTo(to, y).stroke();
    },
    box(x, y, width, height, color) {
      doc.rect(x, y, width, height).fill(color);
    },
  };
  return page;
}
