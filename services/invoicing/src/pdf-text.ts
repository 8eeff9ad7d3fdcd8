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

  const width = (text: string, style: TextStyle): number =>
    runsOf(text).reduce((sum, run) => sum + runWidth(run, style), 0);

  function draw(text: string, style: TextStyle, x: number, y: number): void {
    // Fonts of one family share their metrics; the line box is centred on it.
    const top = y + (lineHeight(style) - style.size * 1.21) / 2;
    let at = x;
    doc.fillColor(style.color);
    const runs = runsOf(text);
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
    wrap: (text, style, maxWidth) => wrap(text, (part) => width(part, style) <= maxWidth),
  };
}

function wrap(text: string, fits: (text: string) => boolean): string[] {
  const whole = clean(text);
  if (fits(whole)) return [whole];
  const lines: string[] = [];
  let line = '';
  for (const word of whole.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const char of word) {
      if (line !== '' && !fits(line + char)) {
        lines.push(line);
        line = '';
      }
      line += char;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Most of what an invoice says: there is nothing to clean, and the first font has it all. */
const PLAIN = /^(?:[!-~]+(?: [!-~]+)*)?$/;

function runsOf(text: string): Run[] {
  if (PLAIN.test(text)) return text === '' ? [] : [{ script: 'latin', text }];
  const runs: { script: Script; text: string }[] = [];
  for (const char of clean(text)) {
    const found = scriptOf(char.codePointAt(0) ?? 0);
    const [script, shown] = found === undefined ? (['latin', MISSING] as const) : [found, char];
    const last = runs.at(-1);
    if (last?.script === script) last.text += shown;
    else runs.push({ script, text: shown });
  }
  return runs;
}

/** One line of composed characters: no controls, no marks of direction, and every kind of space a plain one. */
function clean(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll('\u2011', '-')
    .trim();
}
