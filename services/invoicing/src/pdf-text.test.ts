import fc from 'fast-check';
import PDFDocument from 'pdfkit';
import { describe, expect, test, vi } from 'vitest';
import { STYLES } from './pdf-page.ts';
import { createTypesetter } from './pdf-text.ts';

const newDocument = () => new PDFDocument({ font: '' });

describe('breaking a text into lines', () => {
  test('loses nothing, keeps to the width, and takes what fits', () => {
    const type = createTypesetter(newDocument());
    const style = STYLES.body;
    const words = fc.array(
      fc.oneof(
        fc.string({
          unit: fc.constantFrom('A', 'V', 'T', 'o', '.', '-', 'W', 'j'),
          minLength: 1,
          maxLength: 30,
        }),
        fc.string({ unit: fc.constantFrom('é', 'Ł', 'Σ', 'ω', 'В', 'л', '東'), minLength: 1, maxLength: 12 }),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(words, fc.integer({ min: 20, max: 300 }), (parts, maxWidth) => {
        const text = parts.join(' ');
        const lines = type.wrap(text, style, maxWidth);
        expect(lines.join('').replaceAll(' ', '')).toBe(parts.join(''));
        lines.forEach((line, index) => {
          expect(type.width(line, style)).toBeLessThanOrEqual(maxWidth);
          const [next = ''] = lines[index + 1]?.split(' ') ?? [];
          const hadRoom = parts.includes(next) && type.width(`${line} ${next}`, style) <= maxWidth;
          expect(hadRoom).toBe(false);
        });
      }),
    );
  });

  test.each([
    ['words', 'lorem ipsum dolor sit amet '],
    ['one long word', 'AVÅ'],
    ['one without a glyph', '東京都'],
  ])('%s: measures each part a few times, however many there are in a line', (_what, part) => {
    const doc = newDocument();
    const measured = vi.spyOn(doc, 'widthOfString');
    const text = part.repeat(40);
    createTypesetter(doc).wrap(text, STYLES.body, 400);
    const characters = measured.mock.calls.reduce((sum, [piece]) => sum + piece.length, 0);
    expect(characters).toBeLessThan(5 * text.length);
  });
});
