import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkit';
import { unpackWoff } from './woff.ts';

/** Inter (SIL Open Font License) comes in files by script; a text is set with as many of them as it needs. */
export const SCRIPTS = ['latin', 'latin-ext', 'cyrillic', 'greek', 'vietnamese'] as const;
export type Script = (typeof SCRIPTS)[number];

export type Weight = 'regular' | 'semibold';
const WEIGHT_NUMBER: Readonly<Record<Weight, number>> = { regular: 400, semibold: 600 };

const fonts = new Map<string, Font>();
const coverage = new Map<Script, ReadonlySet<number>>();

/**
 * The font of a script and weight, for pdfkit. It is opened once and serves all documents, which costs a tenth of opening it
 * for each; so that no document can leave a trace in the next, its `layout` keeps nothing but numbers.
 */
export function fontOf(script: Script, weight: Weight): Font {
  const name = `inter-${script}-${WEIGHT_NUMBER[weight]}-normal.woff`;
  const known = fonts.get(name);
  if (known !== undefined) return known;
  const opened = create(unpackWoff(readFileSync(locate(name))));
  if (!('characterSet' in opened)) throw new Error(`${name} is a collection`);
  const font = withPlainLayout(opened);
  fonts.set(name, font);
  return font;
}

/** The first script whose font has the character; undefined when none has. */
export function scriptOf(codePoint: number): Script | undefined {
  return SCRIPTS.find((script) => charactersOf(script).has(codePoint));
}

function charactersOf(script: Script): ReadonlySet<number> {
  const known = coverage.get(script);
  if (known !== undefined) return known;
  const characters = new Set(fontOf(script, 'regular').characterSet);
  coverage.set(script, characters);
  return characters;
}

/** Beside the bundle in production, in the package when run from source. */
function locate(name: string): string | URL {
  const beside = new URL(`./fonts/${name}`, import.meta.url);
  return existsSync(beside)
    ? beside
    : createRequire(import.meta.url).resolve(`@fontsource/inter/files/${name}`);
}

interface PlainGlyph {
  readonly id: number;
  readonly advanceWidth: number;
  readonly codePoints: readonly number[];
}

/**
 * Replaces the full OpenType layout by what invoices need of it, one glyph per character, kerning and tabular figures: it took
 * most of the time of a page. Glyphs are made anew for each run: fontkit keeps its own, with the characters that asked first.
 */
function withPlainLayout(font: Font): Font {
  const kerning = new Map<string, number>();
  const tabular = new Map<number, number>();

  function glyphOf(codePoint: number, isTabular: boolean): PlainGlyph {
    const isDigit = codePoint >= 0x30 && codePoint <= 0x39;
    const id = isTabular && isDigit ? tabularGlyph(codePoint) : font.glyphForCodePoint(codePoint).id;
    return { id, advanceWidth: font.getGlyph(id).advanceWidth, codePoints: [codePoint] };
  }

  function tabularGlyph(codePoint: number): number {
    const known = tabular.get(codePoint);
    if (known !== undefined) return known;
    const [glyph] = font.layout(String.fromCodePoint(codePoint), ['tnum']).glyphs;
    const id = glyph?.id ?? font.glyphForCodePoint(codePoint).id;
    tabular.set(codePoint, id);
    return id;
  }

  function kerningOf(left: number, right: number): number {
    const pair = String.fromCodePoint(left, right);
    const known = kerning.get(pair);
    if (known !== undefined) return known;
    const { glyphs, positions } = font.layout(pair, { calt: false });
    const [glyph, position] = [glyphs[0], positions[0]];
    const value = glyphs.length === 2 && glyph && position ? position.xAdvance - glyph.advanceWidth : 0;
    kerning.set(pair, value);
    return value;
  }

  function layout(text: string, features?: readonly string[]) {
    const isTabular = features?.includes('tnum') ?? false;
    const codePoints = Array.from(text, (char) => char.codePointAt(0) ?? 0);
    const glyphs = codePoints.map((codePoint) => glyphOf(codePoint, isTabular));
    const positions = glyphs.map((glyph, index) => {
      const [here, next] = [codePoints[index], codePoints[index + 1]];
      const kern = isTabular || here === undefined || next === undefined ? 0 : kerningOf(here, next);
      return { xAdvance: glyph.advanceWidth + kern, yAdvance: 0, xOffset: 0, yOffset: 0 };
    });
    return {
      glyphs,
      positions,
      // pdfkit scales the positions in place and asks for their sum afterwards.
      get advanceWidth() {
        return positions.reduce((sum, position) => sum + position.xAdvance, 0);
      },
    };
  }

  // oxlint-disable-next-line typescript/no-unsafe-return
  return Object.create(font, { layout: { value: layout } });
}
