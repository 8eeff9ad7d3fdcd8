import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { CliFailure } from './failure.ts';

type Fields = Readonly<Record<string, string>>;

/** One record of a CSV file by its header, or why it could not be read. `line` is where it ends, counted from 1. */
export type CsvRecord =
  | { readonly line: number; readonly fields: Fields }
  /** `fields` is set where the record has too many or too few: the first ones may be right. */
  | { readonly line: number; readonly fault: string; readonly fields?: Fields };

// Past this, a quote was opened and never closed: without a limit it would swallow the rest of the file.
const RECORD_CHARACTERS_MAX = 262_144;

const parsedRecord = z.object({
  info: z.object({ lines: z.int(), error: z.instanceof(CsvError).optional() }),
  record: z.record(z.string(), z.string()),
});

/**
 * The records of a CSV with a header line, one after the other in constant memory. Bad ones are passed on as faults, which may
 * come a little earlier than their place in the file.
 * @throws CliFailure when nothing can be read from some place on
 */
export async function* readCsv(text: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  const faults: CsvRecord[] = [];
  let lastFaultLine = -1;
  const parser = parse({
    columns: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: RECORD_CHARACTERS_MAX,
    on_skip: (error) => {
      // One line can be at fault in more than one way.
      const line = error ? lineOf(error) : lastFaultLine;
      if (error && line !== lastFaultLine) faults.push({ line, fault: faultOf(error) });
      lastFaultLine = line;
    },
  });
  // A failure of the source ends the parser, and with it the loop below; leaving the loop ends the source.
  pipeline(Readable.from(text), parser, () => {});
  try {
    for await (const entry of parser) {
      yield* faults.splice(0);
      const { info, record } = parsedRecord.parse(entry);
      const { lines: line, error } = info;
      yield error === undefined ? { line, fields: record } : { line, fields: record, fault: faultOf(error) };
    }
    yield* faults.splice(0);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new CliFailure(`The CSV cannot be read from line ${lineOf(error)} on: ${faultOf(error)}.`, {
      cause: error,
    });
  }
}

function lineOf({ lines }: CsvError): number {
  return z.int().catch(0).parse(lines);
}

const FAULTS: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'has another number of columns than the header',
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'has a quote inside a field',
  INVALID_OPENING_QUOTE: 'has a quote inside a field',
  CSV_MAX_RECORD_SIZE: 'is too long: a quote is never closed',
};

function faultOf(error: CsvError): string {
  return FAULTS[error.code] ?? error.message;
}
