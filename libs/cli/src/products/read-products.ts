import { z } from 'zod';
import type { ProductFormat } from '../command-line.ts';
import { type CsvRecord, readCsv } from '../csv-records.ts';
import { CliFailure } from '../failure.ts';
import type { SourceFile } from '../source-file.ts';
import { csvRow, headerFault, productOfCsv } from './csv-product.ts';
import { goodbooksRow, productOf } from './goodbooks.ts';
import { readNdjson } from './ndjson.ts';
import type { Mapped, ProductLine } from './product-line.ts';

/**
 * The products of a file, one after the other. What cannot be a product comes as a refusal with its line.
 * @throws CliFailure when the file as a whole makes no sense
 */
export async function* readProducts(
  file: SourceFile,
  format: ProductFormat | undefined,
): AsyncGenerator<Mapped> {
  if (format === 'ndjson' || (format === undefined && /\.(ndjson|jsonl)(\.gz)?$/i.test(file.name))) {
    yield* readNdjson(file.text());
    return;
  }
  let map: ((fields: Fields) => ProductLine) | undefined;
  for await (const record of readCsv(file.text())) {
    if ('fault' in record) {
      yield { line: record.line, sku: null, reason: record.fault };
      continue;
    }
    map ??= mapperFor(file.name, Object.keys(record.fields), format);
    yield mapRow(record, map);
  }
  if (map === undefined) throw new CliFailure(`${file.name} holds no products.`);
}

type Fields = Readonly<Record<string, string>>;
type Row = Extract<CsvRecord, { fields: unknown }>;

function mapperFor(name: string, header: readonly string[], format: ProductFormat | undefined) {
  const looksLikeGoodbooks = header.includes('goodreads_book_id') && header.includes('isbn13');
  if (format === 'goodbooks' || (format === undefined && looksLikeGoodbooks)) {
    const missing = Object.keys(goodbooksRow.shape).filter((column) => !header.includes(column));
    if (missing.length === 0) return (fields: Fields) => productOf(goodbooksRow.parse(fields));
    throw new CliFailure(`${name} is no goodbooks CSV: the columns ${missing.join(', ')} are missing.`);
  }
  const fault = headerFault(header);
  if (fault !== undefined) throw new CliFailure(`${name} is no CSV of products: ${fault}.`);
  return (fields: Fields) => productOfCsv(csvRow.parse(fields), fields);
}

function mapRow({ line, fields }: Row, map: (fields: Fields) => ProductLine): Mapped {
  try {
    const product = map(fields);
    return { line, product, sku: product.sku };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return { line, sku: fields['sku'] ?? null, reason: z.prettifyError(error).replaceAll(/\s*\n\s*/g, ' ') };
  }
}
