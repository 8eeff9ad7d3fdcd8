import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SourceFile } from '../source-file.ts';
import { batchesOf } from './batches.ts';
import type { Mapped } from './product-line.ts';
import { readProducts } from './read-products.ts';

function fileOf(name: string, ...pieces: string[]): SourceFile {
  return {
    name,
    bytesTotal: 0,
    bytesRead: 0,
    async *text() {
      yield* pieces;
    },
  };
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

async function read(file: SourceFile, format?: 'csv' | 'ndjson' | 'goodbooks') {
  const mapped = await collect(readProducts(file, format));
  return mapped.toSorted((a, b) => a.line - b.line);
}

/** The same text, cut anywhere. */
const cut = (text: string) =>
  fc.array(fc.nat(text.length), { maxLength: 8 }).map((places) => {
    const at = [0, ...places.toSorted((a, b) => a - b), text.length];
    return at.slice(1).map((end, index) => text.slice(at[index], end));
  });

describe('CSV', () => {
  const header = 'sku,name,price_cents,stock,category,attributes.author,attributes.pages';
  const csv = [
    header,
    'A-1,"Lámpara, ""grande""",1299,5,hogar,Ana,120',
    'A-2,"two',
    'lines",100,0,,,007',
    '',
    'A-3,too,few',
    'A-4,half "quoted" name,100,1,,,',
    'A-5,no price,x,1,,,',
    'A-6,last,1,1,,,1.5',
  ].join('\n');
  const expected = [
    {
      line: 2,
      sku: 'A-1',
      product: {
        sku: 'A-1',
        name: 'Lámpara, "grande"',
        price_cents: 1299,
        stock: 5,
        category: 'hogar',
        attributes: { author: 'Ana', pages: 120 },
      },
    },
    {
      line: 4,
      sku: 'A-2',
      product: { sku: 'A-2', name: 'two\nlines', price_cents: 100, stock: 0, attributes: { pages: '007' } },
    },
    { line: 6, sku: null, reason: 'has another number of columns than the header' },
    { line: 7, sku: null, reason: 'has a quote inside a field' },
    { line: 8, sku: 'A-5', reason: '✖ is not a whole number → at price_cents' },
    {
      line: 9,
      sku: 'A-6',
      product: { sku: 'A-6', name: 'last', price_cents: 1, stock: 1, attributes: { pages: 1.5 } },
    },
  ];

  test('gives products, and a reason for each line that is none', async () => {
    expect(await read(fileOf('p.csv', csv))).toEqual(expected);
  });

  test('wherever the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(cut(csv), async (pieces) => {
        expect(await read(fileOf('p.csv', ...pieces))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('a byte order mark and Windows line ends change nothing', async () => {
    const [, first] = await read(fileOf('p.csv', `${header}\r\nA-1,a,1,1,,,\r\nA-2,b,1,1,,,\r\n`));
    expect(first).toMatchObject({ line: 3, sku: 'A-2' });
  });

  test('a quote that is never closed costs that line and no memory', async () => {
    async function* endless() {
      yield `${header}\nA-1,a,1,1,,,\nA-2,"never`;
      for (let piece = 0; piece < 40; piece += 1) yield `${'x'.repeat(100_000)}\n`;
    }
    const found = await read({ name: 'p.csv', bytesTotal: 0, bytesRead: 0, text: endless });
    expect(found[0]).toMatchObject({ sku: 'A-1' });
    expect(found.slice(1).every((mapped) => 'reason' in mapped)).toBe(true);
    expect(found.length).toBeGreaterThan(1);
  });

  test.each([
    ['', /holds no products/],
    ['sku,name,price_cents\nA,b,1\n', /columns stock are missing/],
    ['sku,name,price_cents,stock,colour\nA,b,1,1,red\n', /'colour' is not one of/],
    ['goodreads_book_id,isbn13,title\n1,2,c\n', /no goodbooks CSV: the columns book_id/],
  ])('a file that is none is refused: %j', async (text, sentence) => {
    await expect(read(fileOf('p.csv', text))).rejects.toThrow(sentence);
  });

  test('a source that fails midway fails the reading', async () => {
    async function* failing() {
      yield `${header}\nA-1,a,1,1,,,\n`;
      throw new Error('disk gone');
    }
    await expect(read({ name: 'p.csv', bytesTotal: 0, bytesRead: 0, text: failing })).rejects.toThrow(
      'disk gone',
    );
  });
});

describe('NDJSON', () => {
  const text = '{"sku":"A"}\n\n[1]\nno json\n{"name":"é"}\r\n{"sku":7}';
  const expected = [
    { line: 1, sku: 'A', product: { sku: 'A' } },
    { line: 3, sku: null, reason: 'is not a JSON object' },
    { line: 4, sku: null, reason: 'is not valid JSON' },
    { line: 5, sku: null, product: { name: 'é' } },
    { line: 6, sku: null, product: { sku: 7 } },
  ];

  test.each(['p.ndjson', 'p.jsonl.gz'])('is known by its name: %s', async (name) => {
    expect(await read(fileOf(name, text))).toEqual(expected);
  });

  test('wherever the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(cut(text), async (pieces) => {
        expect(await read(fileOf('p', ...pieces), 'ndjson')).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('a line without end is refused alone', async () => {
    const pieces = [...Array.from({ length: 10 }, () => 'x'.repeat(100_000)), '\n{"sku":"B"}\n'];
    expect(await read(fileOf('p.ndjson', ...pieces))).toEqual([
      { line: 1, sku: null, reason: 'is too long' },
      { line: 2, sku: 'B', product: { sku: 'B' } },
    ]);
  });
});

describe('batches', () => {
  const batches = async (mapped: Mapped[]) => {
    const refused: Mapped[] = [];
    async function* source() {
      yield* mapped;
    }
    const made = await collect(batchesOf(source(), (refusal) => void refused.push(refusal)));
    return { made, refused };
  };
  const product = (line: number, size = 10): Mapped => ({
    line,
    sku: `S${line}`,
    product: { sku: `S${line}`, name: 'n'.repeat(size) },
  });

  test('none of nothing', async () => {
    expect(await batches([])).toEqual({ made: [], refused: [] });
  });

  test('hold every product once and in order, within their limits, whatever is refused in between', async () => {
    const entry = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3000 }) },
      { weight: 1, arbitrary: fc.constant('refused' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 1200, size: 'max' }), async (entries) => {
        const mapped = entries.map((one, index): Mapped =>
          one === 'refused' ? { line: index + 1, sku: null, reason: 'no' } : product(index + 1, one),
        );
        const { made, refused } = await batches(mapped);
        expect(refused).toEqual(mapped.filter((one) => 'reason' in one));
        const sent = made.flatMap(({ text, lines }) => {
          const texts = text.split('\n');
          expect(texts).toHaveLength(lines.length);
          expect(lines.length).toBeLessThanOrEqual(500);
          expect(text.length).toBeLessThanOrEqual(900_000);
          return lines.map((line, index) => ({ ...line, product: JSON.parse(texts[index] ?? '') as object }));
        });
        expect(sent).toEqual(mapped.filter((one) => 'product' in one));
      }),
      { numRuns: 20 },
    );
  });
});
