import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCsvReader, type CsvRecord, fieldsOf } from './csv.ts';

function read(text: string): CsvRecord[] {
  const reader = createCsvReader();
  const records = text.split('\n').flatMap((line, at) => reader.push({ line: at + 1, text: line }));
  return [...records, ...reader.end()];
}

describe('fieldsOf', () => {
  test.each([
    ['', ['']],
    ['a,b', ['a', 'b']],
    ['a,,', ['a', '', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""",x', ['say "hi"', 'x']],
    ['""', ['']],
    ['"two\nlines",x', ['two\nlines', 'x']],
  ])('%j', (record, fields) => {
    expect(fieldsOf(record)).toEqual(fields);
  });

  test.each(['"a"b,c', 'a"b,c', 'a,"b', '"a" ,b', '"""'])('%j has broken quotes', (record) => {
    expect(fieldsOf(record)).toBeUndefined();
  });
});

describe('createCsvReader', () => {
  test('a record may go over several lines, and counts from its first', () => {
    expect(read('a,"x\ny\nz"\nb,c')).toEqual([
      { line: 1, fields: ['a', 'x\ny\nz'] },
      { line: 4, fields: ['b', 'c'] },
    ]);
  });

  test('a quote that is never closed costs its own line only', () => {
    expect(read('a,"broken\nb,1\nc,2')).toEqual([
      { line: 1, fields: undefined },
      { line: 2, fields: ['b', '1'] },
      { line: 3, fields: ['c', '2'] },
    ]);
  });

  test('a quote that the next quoted field closes by mistake costs its own line only', () => {
    expect(read('a,"broken\nb,"quoted, right"\nc,2')).toEqual([
      { line: 1, fields: undefined },
      { line: 2, fields: ['b', 'quoted, right'] },
      { line: 3, fields: ['c', '2'] },
    ]);
  });

  test('an open quote is given up after so many lines, and those lines are read', () => {
    const rows = Array.from({ length: 500 }, (_, at) => `sku-${at},1`);
    const records = read(['x,"broken', ...rows].join('\n'));
    expect(records.filter(({ fields }) => fields === undefined)).toEqual([{ line: 1, fields: undefined }]);
    expect(records).toHaveLength(501);
    expect(records.at(-1)).toEqual({ line: 501, fields: ['sku-499', '1'] });
  });

  test('whatever is written is read back, and a broken line between takes nothing else with it', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é'), maxLength: 6 });
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 6 });
    const quoted = (row: readonly string[]) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const text = [...before.map(quoted), 'stray"quote"', ...after.map(quoted)].join('\n');
        const fields = read(text).map((record) => record.fields);
        expect(fields).toEqual([...before, undefined, ...after]);
      }),
    );
  });

  test('every line comes out exactly once, however broken the file', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ',', '"'), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 30 }), (lines) => {
        const records = read(lines.join('\n'));
        const starts = records.map((record) => record.line);
        expect(starts).toEqual([...starts].toSorted((a, b) => a - b));
        expect(starts[0]).toBe(1);
        expect(new Set(starts).size).toBe(starts.length);
        const covered = records.reduce(
          (sum, { fields }) => sum + (fields === undefined ? 1 : 1 + fields.join('').split('\n').length - 1),
          0,
        );
        expect(covered).toBe(lines.length);
      }),
    );
  });
});
