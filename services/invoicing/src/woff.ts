import { inflateSync } from 'node:zlib';

const WOFF_HEADER_BYTES = 44;
const WOFF_ENTRY_BYTES = 20;
const SFNT_HEADER_BYTES = 12;
const SFNT_ENTRY_BYTES = 16;

/**
 * The TrueType font inside a WOFF 1.0 file: the same tables, not compressed.
 * @see https://www.w3.org/TR/WOFF/
 */
export function unpackWoff(woff: Buffer): Buffer {
  const tableCount = woff.readUInt16BE(12);
  const head = Buffer.alloc(SFNT_HEADER_BYTES + tableCount * SFNT_ENTRY_BYTES);
  const powerOfTwo = 2 ** Math.floor(Math.log2(tableCount));
  woff.copy(head, 0, 4, 8);
  head.writeUInt16BE(tableCount, 4);
  head.writeUInt16BE(powerOfTwo * 16, 6);
  head.writeUInt16BE(Math.log2(powerOfTwo), 8);
  head.writeUInt16BE((tableCount - powerOfTwo) * 16, 10);
  const parts: Buffer[] = [head];
  let offset = head.length;
  for (let index = 0; index < tableCount; index += 1) {
    const entry = WOFF_HEADER_BYTES + index * WOFF_ENTRY_BYTES;
    const [from, packedBytes, bytes] = [4, 8, 12].map((at) => woff.readUInt32BE(entry + at));
    if (from === undefined || packedBytes === undefined || bytes === undefined) break;
    const packed = woff.subarray(from, from + packedBytes);
    const table = packedBytes < bytes ? inflateSync(packed) : packed;
    const out = SFNT_HEADER_BYTES + index * SFNT_ENTRY_BYTES;
    woff.copy(head, out, entry, entry + 4);
    woff.copy(head, out + 4, entry + 16, entry + 20);
    head.writeUInt32BE(offset, out + 8);
    head.writeUInt32BE(bytes, out + 12);
    const padding = Buffer.alloc((4 - (bytes % 4)) % 4);
    parts.push(table, padding);
    offset += table.length + padding.length;
  }
  return Buffer.concat(parts);
}
