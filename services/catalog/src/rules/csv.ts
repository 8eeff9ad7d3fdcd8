/** A line of a file: lines count from 1. */
export interface Line {
  readonly line: number;
  readonly text: string;
}

/** A record, at the line where it begins; without fields when its quotes are broken. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | undefined;
}

export interface CsvReader {
  /** Records that end with this line. */
  push(line: Line): CsvRecord[];
  /** What is left when the file ends. */
  end(): CsvRecord[];
}

// A quote that is never closed would swallow the rest of the file: a record that grows past this is broken at its first line.
const RECORD_LINES_MAX = 200;
const RECORD_CHARACTERS_MAX = 64_000;

/**
 * Reads CSV (RFC 4180) line by line. A record with broken quotes costs its first line only: reading begins anew at the
 * line after it, so that one forgotten quote does not swallow what follows.
 */
export function createCsvReader(): CsvReader {
  let open: Line[] = [];
  let quotes = 0;
  let characters = 0;

  function restart(): void {
    open = [];
    quotes = 0;
    characters = 0;
  }

  /** Gives up the first line of what is open and reads the others again. */
  function resynchronise(): CsvRecord[] {
    const [broken, ...rest] = open;
    restart();
    if (broken === undefined) return [];
    return [{ line: broken.line, fields: undefined }, ...rest.flatMap(push)];
  }

  function push(line: Line): CsvRecord[] {
    open.push(line);
    characters += line.text.length + 1;
    quotes += line.text.split('"').length - 1;
    if (quotes % 2 === 1) {
      const tooLong = open.length >= RECORD_LINES_MAX || characters > RECORD_CHARACTERS_MAX;
      return tooLong ? resynchronise() : [];
    }
    const fields = fieldsOf(open.map(({ text }) => text).join('\n'));
    if (fields === undefined) return resynchronise();
    const first = open[0]?.line ?? line.line;
    restart();
    return [{ line: first, fields }];
  }

  return {
    push,
    end() {
      const records: CsvRecord[] = [];
      while (open.length > 0) records.push(...resynchronise());
      return records;
    },
  };
}

/** Fields of one whole record; undefined when a quote stands where none may. */
export function fieldsOf(record: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = record[at] === '"' ? quotedField(record, at) : plainField(record, at);
    if (field === undefined) return undefined;
    fields.push(field.value);
    if (field.end === record.length) return fields;
    if (record[field.end] !== ',') return undefined;
    at = field.end + 1;
  }
}

function plainField(record: string, start: number): { value: string; end: number } | undefined {
  const comma = record.indexOf(',', start);
  const end = comma === -1 ? record.length : comma;
  const value = record.slice(start, end);
  return value.includes('"') ? undefined : { value, end };
}

function quotedField(record: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = record.indexOf('"', from);
    if (quote === -1) return undefined;
    value += record.slice(from, quote);
    if (record[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    from = quote + 2;
  }
}
