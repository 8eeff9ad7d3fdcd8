import { fontOf, scriptOf, type Script, type Weight } from './pdf-fonts.ts';

export interface TextStyle {
  readonly weight: Weight;
  /** In points. */
  readonly size: number;
  readonly color: string;
  /** Figures of one width, so that columns of amounts line up. */
  readonly tabular?: boolean;
}

/** Part of a text that one font can set. */
interface Run {
  readonly script: Script;
  readonly text: string;
}

/** Measures and sets text; knows no layout. */
export interface Typesetter {
  /** Width in points. */
  width(text: string, style: TextStyle): number;
  /** Breaks a text into lines of at most `maxWidth`: between words, and inside one that is longer than a line. */
  wrap(text: string, style: TextStyle, maxWidth: number): string[];
  /** Sets one line; `y` is its top, a line is `lineHeight(style)` high. */
  draw(text: string, style: TextStyle, x: number, y: number): void;
  /** The same, ending at `right`. */
  drawRight(text: string, style: TextStyle, right: number, y: number): void;
}

const LINE_FACTOR = 1.36;

export const lineHeight = (style: TextStyle): number => style.size * LINE_FACTOR;

/** What stands for a character that no font has: an invoice must not show boxes, nor fail because of a name. */
const MISSING = '?';

export function createTypesetter(doc: PDFKit.PDFDocument): Typesetter {
  const registered = new Set<string>();
  function nameOf(script: Script, weight: Weight): string {
    const name = `${script}-${weight}`;
    if (!registered.has(name)) {
      // pdfkit takes an opened font as well as a file; only its types do not know.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      doc.registerFont(name, fontOf(script, weight) as unknown as Buffer);
      registered.add(name);
    }
    return name;
  }
  const optionsOf = (style: TextStyle): PDFKit.Mixins.TextOptions =>
    style.tabular ? { lineBreak: false, features: ['tnum'] } : { lineBreak: false };

  function runWidth(run: Run, style: TextStyle): number {
    doc.font(nameOf(run.script, style.weight), style.size);
    return doc.widthOfString(run.text, optionsOf(style));
  }

  /** @param text cleaned */
  const measure = (text: string, style: TextStyle): number =>
    runsOf(text).reduce((sum, run) => sum + runWidth(run, style), 0);

  const width = (text: string, style: TextStyle): number => measure(clean(text), style);

  function draw(text: string, style: TextStyle, x: number, y: number): void {
    // Fonts of one family share their metrics; the line box is centred on it.
    const top = y + (lineHeight(style) - style.size * 1.21) / 2;
    let at = x;
    doc.fillColor(style.color);
    const runs = runsOf(clean(text));
    for (const run of runs) {
      doc.font(nameOf(run.script, style.weight), style.size);
      doc.text(run.text, at, top, optionsOf(style));
      if (run !== runs.at(-1)) at += doc.widthOfString(run.text, optionsOf(style));
    }
  }

  return {
    width,
    draw,
    drawRight: (text, style, right, y) => draw(text, style, right - width(text, style), y),
    wrap: (text, style, maxWidth) => breakLines(clean(text), (part) => measure(part, style), maxWidth),
  };
}

type Measure = (text: string) => number;

/** A line is as wide as its words, each but the last with the space after it: kerning does not reach across one. */
function breakLines(text: string, measure: Measure, maxWidth: number): string[] {
  if (measure(text) <= maxWidth) return [text];
  const lines: string[] = [];
  let line = '';
  /** Of the line and a space. */
  let lineWidth = 0;
  for (const word of text.split(' ')) {
    if (line !== '' && lineWidth + measure(word) <= maxWidth) {
      line += ` ${word}`;
      lineWidth += measure(`${word} `);
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = breakWord(word, measure, maxWidth);
    line = pieces.pop() ?? '';
    lineWidth = measure(`${line} `);
    lines.push(...pieces);
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** A character makes a word wider by what it adds to the one before it. */
function breakWord(word: string, measure: Measure, maxWidth: number): string[] {
  if (measure(word) <= maxWidth) return [word];
  const addedBy = new Map<string, number>();
  const pieces: string[] = [];
  let piece = '';
  let pieceWidth = 0;
  let before = '';
  for (const char of word) {
    const pair = before + char;
    const added = addedBy.get(pair) ?? measure(pair) - measure(before);
    addedBy.set(pair, added);
    if (piece !== '' && pieceWidth + added > maxWidth) {
      pieces.push(piece);
      piece = char;
      pieceWidth = measure(char);
    } else {
      piece += char;
      pieceWidth += added;
    }
    before = char;
  }
  pieces.push(piece);
  return pieces;
}

/** Most of what an invoice says: there is nothing to clean. */
const PLAIN = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** The first font has it all. */
const ASCII = /^[ -~]+$/;

/** @param text cleaned */
function runsOf(text: string): Run[] {
  if (ASCII.test(text)) return [{ script: 'latin', text }];
  const runs: { script: Script; text: string }[] = [];
  for (const char of text) {
    const found = scriptOf(char.codePointAt(0) ?? 0);
    const [script, shown] = found === undefined ? (['latin', MISSING] as const) : [found, char];
    const last = runs.at(-1);
    if (last?.script === script) last.text += shown;
    else runs.push({ script, text: shown });
  }
  return runs;
}

/** Whether the fonts have every character. */
export const isShown = (text: string): boolean =>
  Array.from(clean(text)).every((char) => scriptOf(char.codePointAt(0) ?? 0) !== undefined);

/**
 * One line of composed characters: no controls, no marks of direction, and every kind of space a plain one. Cleaned again, it
 * stays as it is.
 */
function clean(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replaceAll(/\p{Cf}/gu, '')
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('\u2011', '-')
    .trim();
}
