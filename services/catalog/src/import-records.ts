import { type FieldError, Problem } from '@zoco/kernel';
import { invalidRequest, parseJson, textFault } from '@zoco/service';
import type { ImportRecord } from './actions/import-products.ts';
import type { RawLine } from './import-lines.ts';
import { createCsvReader, type CsvRecord } from './rules/csv.ts';
import { columnsOf, importRow, objectOf } from './rules/import-row.ts';

export const IMPORT_FORMATS = ['text/csv', 'application/x-ndjson'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

// Each costs reading up to a whole record again. A file with so many is no CSV.
const BROKEN_MAX = 1000;

/** Rows of a file, and the lines that are none. */
export function readRecords(
  format: ImportFormat,
  lines: AsyncIterable<RawLine>,
): AsyncGenerator<ImportRecord> {
  return format === 'text/csv' ? csvRecords(lines) : jsonRecords(lines);
}

async function* jsonRecords(lines: AsyncIterable<RawLine>): AsyncGenerator<ImportRecord> {
  for await (const { line, bytes } of lines) {
    if (bytes === undefined) {
      yield refused(line, TOO_LONG);
      continue;
    }
    if (bytes.every((byte) => byte === 0x20 || byte === 0x09)) continue;
    yield rowOf(line, bytes.length, () => parseJson(bytes));
  }
}

/**
 * @throws Problem `import_header_invalid`, or `import_csv_unreadable` when so many quotes are broken that it is no CSV
 */
async function* csvRecords(lines: AsyncIterable<RawLine>): AsyncGenerator<ImportRecord> {
  const reader = createCsvReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let columns: readonly string[] | undefined;
  let broken = 0;

  function* convert(records: readonly CsvRecord[]): Generator<ImportRecord> {
    for (const { line, fields } of records) {
      if (fields === undefined) {
        broken += 1;
        if (columns === undefined || broken > BROKEN_MAX) throw unreadable(line);
        yield refused(line, {
          field: 'line',
          code: 'csv_quotes_broken',
          detail: 'has a quote that is never closed, or one where none may stand',
        });
      } else if (columns === undefined) columns = columnsOf(fields);
      else if (fields.length > 1 || fields[0]?.trim() !== '') yield recordOf(line, columns, fields);
    }
  }

  for await (const { line, bytes } of lines) {
    const text = bytes === undefined ? undefined : decode(decoder, bytes);
    if (text !== undefined) {
      yield* convert(reader.push({ line, text }));
      continue;
    }
    // What is open cannot go on over a line that is not there.
    yield* convert(reader.end());
    if (columns === undefined) throw unreadable(line);
    yield refused(line, bytes === undefined ? TOO_LONG : NOT_TEXT);
  }
  yield* convert(reader.end());
}

function recordOf(line: number, columns: readonly string[], fields: readonly string[]): ImportRecord {
  if (fields.length !== columns.length) {
    const detail = `has ${fields.length} fields, the header has ${columns.length}`;
    return refused(line, { field: 'line', code: 'csv_fields_mismatch', detail });
  }
  const bytes = fields.reduce((sum, field) => sum + field.length, 0);
  return rowOf(line, bytes, () => objectOf(columns, fields));
}

const TOO_LONG: FieldError = { field: 'line', code: 'line_too_long', detail: 'is longer than any product' };
const NOT_TEXT: FieldError = { field: 'line', code: 'text_invalid', detail: 'is not UTF-8, or holds NUL' };

function refused(line: number, error: FieldError): ImportRecord {
  return { line, bytes: 0, row: undefined, sku: null, errors: [error] };
}

function rowOf(line: number, bytes: number, read: () => unknown): ImportRecord {
  let value: unknown;
  try {
    value = read();
    const result = importRow.safeParse(value);
    if (result.success) return { line, bytes, row: result.data, sku: result.data.sku, errors: [] };
    throw invalidRequest(result.error);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const errors =
      error.errors.length > 0 ? error.errors : [{ field: 'line', code: error.code, detail: error.message }];
    return { line, bytes, row: undefined, sku: skuOf(value), errors };
  }
}

function skuOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('sku' in value)) return null;
  return typeof value.sku === 'string' ? value.sku.slice(0, 64) : null;
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return textFault(text) === undefined ? text : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(line: number): Problem {
  return new Problem(
    'invalid',
    'import_csv_unreadable',
    `From line ${line} on this cannot be read as CSV: quotes are broken.`,
  );
}
