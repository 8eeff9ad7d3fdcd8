import { closeSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { readLines } from './journal-lines.ts';
import type { RecordKind, Records } from './records.ts';

/** All records; every change is a line of the journal before the request is answered. */
export interface Store extends Disposable {
  get<K extends RecordKind>(kind: K, id: string): Records[K] | undefined;
  put<K extends RecordKind>(kind: K, record: Records[K]): void;
  delete(kind: RecordKind, id: string): void;
  /** Records of a kind in the order in which they were first put. */
  all<K extends RecordKind>(kind: K): IterableIterator<Records[K]>;
  /** The same, newest first; records that were deleted are left out. */
  newestFirst<K extends RecordKind>(kind: K): IterableIterator<Records[K]>;
  /** Writes what changed since the last call. A crash before it undoes the change, a crash after it does not. */
  commit(): void;
  clear(): void;
}

type Tables = { readonly [K in RecordKind]: Table<Records[K]> };

interface PutLine<K extends RecordKind = RecordKind> {
  readonly kind: K;
  readonly record: Records[K];
}
interface DeleteLine {
  readonly kind: RecordKind;
  readonly deleted: string;
}

// The file is our own: its form is checked so far that another file is not taken for it.
const journalLine = z.custom<PutLine | DeleteLine>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value,
  'is not a line of a journal',
);

/**
 * Opens the store, and reads the journal back in when there is one. A last line that was cut off by a crash is dropped.
 * @throws SyntaxError or ZodError when another line of the file is not one of ours
 */
export function openStore(journalFile?: string): Store {
  const tables = createTables();
  let pending = '';
  if (journalFile !== undefined) {
    const wholeBytes = readLines(journalFile, (text) => {
      const line = journalLine.parse(JSON.parse(text));
      if ('deleted' in line) tables[line.kind].delete(line.deleted);
      else put(line.kind, line.record);
    });
    truncateSync(journalFile, wholeBytes);
  }
  const file = journalFile === undefined ? undefined : openSync(journalFile, 'a');

  function put<K extends RecordKind>(kind: K, record: Records[K]): void {
    tables[kind].put(record);
  }
  function log(line: PutLine | DeleteLine): void {
    if (file !== undefined) pending += `${JSON.stringify(line)}\n`;
  }

  return {
    get: (kind, id) => tables[kind].get(id),
    put(kind, record) {
      put(kind, record);
      log({ kind, record });
    },
    delete(kind, id) {
      tables[kind].delete(id);
      log({ kind, deleted: id });
    },
    all: (kind) => tables[kind].all(),
    newestFirst: (kind) => tables[kind].newestFirst(),
    commit() {
      if (file !== undefined && pending !== '') writeSync(file, pending);
      pending = '';
    },
    clear() {
      for (const table of Object.values(tables)) table.clear();
      pending = '';
      if (file !== undefined) ftruncateSync(file);
    },
    [Symbol.dispose]() {
      if (file !== undefined) closeSync(file);
    },
  };
}

function createTables(): Tables {
  return {
    payment_intent: createTable(),
    charge: createTable(),
    refund: createTable(),
    balance_transaction: createTable(),
    event: createTable(),
    delivery: createTable(),
    key: createTable(),
  };
}

type Table<T> = ReturnType<typeof createTable<T & { readonly id: string }>>;

/** Records by id, and their order: a map alone could only be walked forwards. */
function createTable<T extends { readonly id: string }>() {
  const records = new Map<string, T>();
  let order: string[] = [];
  return {
    get: (id: string) => records.get(id),
    put(record: T) {
      if (!records.has(record.id)) order.push(record.id);
      records.set(record.id, record);
    },
    delete: (id: string) => records.delete(id),
    all: () => records.values(),
    *newestFirst(): IterableIterator<T> {
      for (let index = order.length - 1; index >= 0; index -= 1) {
        const record = records.get(order[index] ?? '');
        if (record !== undefined) yield record;
      }
    },
    clear() {
      records.clear();
      order = [];
    },
  };
}
