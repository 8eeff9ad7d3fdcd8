import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Calls `onLine` for every whole line of a file, in pieces: a journal of many runs is longer than a string may be.
 * @returns number of bytes up to the end of the last whole line; creates the file when it is missing
 */
export function readLines(file: string, onLine: (line: string) => void): number {
  const handle = openSync(file, 'a+');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  let bytes = 0;
  try {
    for (let position = 0; ;) {
      const size = readSync(handle, chunk, 0, CHUNK_BYTES, position);
      if (size === 0) return bytes;
      position += size;
      const lines = (rest + decoder.write(chunk.subarray(0, size))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        onLine(line);
        bytes += Buffer.byteLength(line) + 1;
      }
    }
  } finally {
    closeSync(handle);
  }
}
