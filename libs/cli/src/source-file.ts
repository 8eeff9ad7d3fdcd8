import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CliFailure } from './failure.ts';

/** A file that is read once from front to back, gzip or not. */
export interface SourceFile {
  readonly name: string;
  readonly bytesTotal: number;
  /** How far it was read, in bytes of the file itself. */
  readonly bytesRead: number;
  /** Its text in pieces. @throws CliFailure when the file is not whole, or is not UTF-8 */
  text(): AsyncIterable<string>;
}

const GZIP = Buffer.from([0x1f, 0x8b]);

/** @throws CliFailure when it cannot be opened */
export async function openSourceFile(name: string): Promise<SourceFile> {
  const { bytesTotal, gzip } = await inspect(name);
  let stream: ReadStream | undefined;
  return {
    name,
    bytesTotal,
    get bytesRead() {
      return stream?.bytesRead ?? 0;
    },
    text() {
      stream = createReadStream(name);
      return decode(name, gzip ? pipeline(stream, createGunzip(), () => {}) : stream);
    },
  };
}

async function inspect(name: string): Promise<{ bytesTotal: number; gzip: boolean }> {
  try {
    await using file = await open(name);
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
    return { bytesTotal: size, gzip: buffer.subarray(0, bytesRead).equals(GZIP) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EISDIR: 'that is a folder',
      EACCES: 'you may not read it',
    };
    throw new CliFailure(`${name} cannot be opened: ${reasons[String(code)] ?? String(error)}.`, {
      cause: error,
    });
  }
}

async function* decode(name: string, bytes: AsyncIterable<unknown>): AsyncGenerator<string> {
  // Fatal, because a replacement character in a title would be stored without anybody noticing.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of bytes) {
      if (chunk instanceof Uint8Array) yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new CliFailure(`${name} is not UTF-8: convert it, for example with iconv.`, { cause: error });
    }
    if (code.startsWith('Z_')) {
      throw new CliFailure(`${name} is no whole gzip file (${code}): fetch it again.`, { cause: error });
    }
    throw error;
  }
}
