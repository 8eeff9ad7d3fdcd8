import { Problem } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import { readLines } from './import-lines.ts';
import { type ImportFormat, readRecords } from './import-records.ts';

const LIMITS = { bytesMax: 1_000_000, lineBytesMax: 1000, pauseMs: 5000 };

/** A body that comes in pieces of any size. */
function bodyOf(data: string | Uint8Array, pieceBytes = 7): ReadableStream<Uint8Array> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        controller.enqueue(bytes.subarray(at, at + pieceBytes));
      }
      controller.close();
    },
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function linesOf(data: string | Uint8Array, pieceBytes?: number, limits = LIMITS) {
  const lines = await collect(readLines(bodyOf(data, pieceBytes), limits));
  const decoder = new TextDecoder();
  return lines.map(({ line, bytes }) => [line, bytes === undefined ? undefined : decoder.decode(bytes)]);
}

async function recordsOf(format: ImportFormat, data: string | Uint8Array) {
  const records = await collect(readRecords(format, readLines(bodyOf(data), LIMITS)));
  return records.map(({ line, row, sku, errors }) =>
    row === undefined ? [line, sku, errors.map(({ field, code }) => `${field} ${code}`)] : [line, row],
  );
}

describe('readLines', () => {
  test.each([1, 2, 3, 1000])('finds the same lines in pieces of %d bytes', async (pieceBytes) => {
    const text = '\uFEFFsku,ñame\r\n\r\nlast, no newline é';
    expect(await linesOf(text, pieceBytes)).toEqual([
      [1, 'sku,ñame'],
      [2, ''],
      [3, 'last, no newline é'],
    ]);
  });

  test('a file that ends with a newline has no line after it, an empty one none at all', async () => {
    expect(await linesOf('a\nb\n')).toHaveLength(2);
    expect(await linesOf('')).toEqual([]);
    expect(await collect(readLines(null, LIMITS))).toEqual([]);
  });

  test('of a line that is too long nothing is kept, and the next one is read', async () => {
    expect(await linesOf(`a\n${'x'.repeat(5000)}\nb`)).toEqual([
      [1, 'a'],
      [2, undefined],
      [3, 'b'],
    ]);
  });

  test('a body past the limit is cut off', async () => {
    await expect(linesOf('x\n'.repeat(200), 50, { ...LIMITS, bytesMax: 100 })).rejects.toMatchObject({
      code: 'import_too_large',
      status: 413,
    });
  });

  test('a body that stops coming ends with 408, and the rest of it is not waited for', async () => {
    let cancelled = false;
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('a\nb')),
      cancel: () => void (cancelled = true),
    });
    const seen: number[] = [];
    const read = async () => {
      for await (const { line } of readLines(silent, { ...LIMITS, pauseMs: 20 })) seen.push(line);
    };
    await expect(read()).rejects.toMatchObject({ code: 'body_timeout', status: 408 });
    expect([seen, cancelled]).toEqual([[1], true]);
  });

  test('a connection that breaks is a body that is not whole', async () => {
    const broken = new ReadableStream<Uint8Array>({ start: (c) => c.error(new Error('reset')) });
    await expect(collect(readLines(broken, LIMITS))).rejects.toMatchObject({
      code: 'body_incomplete',
    });
  });
});

describe('NDJSON', () => {
  test('each line is a product or refused with its number, its sku and its reasons', async () => {
    const lines = [
      '{"sku":"a","name":"A","price_cents":1}',
      '',
      '{"sku":"b","price_cents":-1}',
      '{"sku":"c","colour":"red"}',
      '{"sku":',
      '[1]',
      '{"name":"no sku"}',
      '{"sku":"d","price_cents":1e400}',
      '{"sku":"e","name":"\\u0000"}',
      '{"sku":"f","__proto__":{"x":1}}',
      `{"sku":"g","attributes":${'{"a":'.repeat(30)}1${'}'.repeat(30)}}`,
      `{"sku":"h","name":"${'x'.repeat(2000)}"}`,
      '{"sku":"i"}',
    ];
    expect(await recordsOf('application/x-ndjson', lines.join('\n'))).toEqual([
      [1, { sku: 'a', name: 'A', price_cents: 1 }],
      [3, 'b', ['price_cents too_small']],
      [4, 'c', ['colour unknown_field']],
      [5, null, ['line body_not_json']],
      [6, null, ['body invalid_type']],
      [7, null, ['sku invalid_type']],
      [8, null, ['price_cents number_invalid']],
      [9, null, ['name text_invalid']],
      [10, null, ['__proto__ name_invalid']],
      [11, null, ['line body_too_deep']],
      [12, null, ['line line_too_long']],
      [13, { sku: 'i' }],
    ]);
  });
});

describe('CSV', () => {
  test('broken quotes, wrong numbers of fields, bad bytes and bad values cost their own lines only', async () => {
    const text = [
      '\uFEFFsku,name,price_cents',
      'a,A,1',
      'b,"broken,2',
      'c,"right, quoted",3',
      'd,too,many,4',
      '',
      'e,E,1e400',
      'f,F,-3',
      'g,\0,1',
      'h,"two',
      'lines",5',
    ].join('\r\n');
    expect(await recordsOf('text/csv', text)).toEqual([
      [2, { sku: 'a', name: 'A', price_cents: 1 }],
      [3, null, ['line csv_quotes_broken']],
      [4, { sku: 'c', name: 'right, quoted', price_cents: 3 }],
      [5, null, ['line csv_fields_mismatch']],
      [7, 'e', ['price_cents invalid_type']],
      [8, 'f', ['price_cents too_small']],
      [9, null, ['line text_invalid']],
      [10, 'h', ['name custom']],
    ]);
  });

  test('bytes that are no UTF-8 cost their line only', async () => {
    const bytes = Buffer.concat([
      Buffer.from('sku\na\n'),
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from('b\n'),
    ]);
    expect(await recordsOf('text/csv', bytes)).toEqual([
      [2, { sku: 'a' }],
      [3, null, ['line text_invalid']],
      [4, { sku: 'b' }],
    ]);
  });

  test.each([
    ['an unknown column', 'sku,colour\na,red', 'import_header_invalid'],
    ['a broken header', 'sku,"name\na,b', 'import_csv_unreadable'],
    ['no text at all', Buffer.from([0xff, 0xd8, 0xff, 0x0a, 0x00]), 'import_csv_unreadable'],
    ['nothing but broken quotes', `sku\n${'a"b\n'.repeat(2000)}`, 'import_csv_unreadable'],
  ])('%s stops the import', async (_name, data, code) => {
    const failure: unknown = await recordsOf('text/csv', data).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Problem);
    expect(failure).toMatchObject({ code, status: 422 });
  });
});
