import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { CliFailure, reasonOf } from './failure.ts';

/** Takes what was refused or skipped; all of it goes to a file when one was asked for. */
export interface RefusalReport {
  add(entry: object): void;
  close(): Promise<void>;
}

/** @throws CliFailure when the file cannot be written */
export async function openReport(file: string | undefined): Promise<RefusalReport> {
  if (file === undefined) return { add() {}, async close() {} };
  const stream = createWriteStream(file);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new CliFailure(`The report ${file} cannot be written: ${reasonOf(error)}.`, { cause: error });
  }
  return {
    add: (entry) => void stream.write(`${JSON.stringify(entry)}\n`),
    async close() {
      stream.end();
      await finished(stream);
    },
  };
}
