import { Problem } from '@zoco/kernel';

/** A line of an uploaded file as bytes; without them when it is longer than any row may be. */
export interface RawLine {
  readonly line: number;
  readonly bytes: Uint8Array | undefined;
}

export interface LineLimits {
  readonly bytesMax: number;
  readonly lineBytesMax: number;
  /** Longest pause between two parts of the body. */
  readonly pauseMs: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Reads a body line by line without ever holding more of it than one line and one chunk. The next chunk is asked for when
 * the lines of the last one are done with, so a slow consumer slows the sender.
 * @throws Problem `import_too_large`, `body_timeout` after a pause, `body_incomplete` when the connection breaks
 */
export async function* readLines(
  body: ReadableStream<Uint8Array> | null,
  limits: LineLimits,
): AsyncGenerator<RawLine> {
  let line = 1;
  let held: Uint8Array[] = [];
  let heldBytes = 0;

  function take(end: Uint8Array): RawLine {
    const tooLong = heldBytes + end.length > limits.lineBytesMax;
    const bytes = tooLong
      ? undefined
      : trimmed(held.length === 0 ? end : Buffer.concat([...held, end]), line);
    held = [];
    heldBytes = 0;
    line += 1;
    return { line: line - 1, bytes };
  }

  for await (const chunk of readChunks(body, limits)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    heldBytes += rest.length;
    // Of a line that is too long only the length counts.
    if (heldBytes <= limits.lineBytesMax && rest.length > 0) held.push(rest);
  }
  if (heldBytes > 0) yield take(new Uint8Array());
}

function trimmed(bytes: Uint8Array, line: number): Uint8Array {
  const start = line === 1 && BOM.every((byte, at) => bytes[at] === byte) ? BOM.length : 0;
  return bytes.subarray(start, bytes.at(-1) === RETURN ? -1 : undefined);
}

async function* readChunks(
  body: ReadableStream<Uint8Array> | null,
  limits: LineLimits,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await nextChunk(reader, limits.pauseMs);
      if (done) return;
      size += value.byteLength;
      if (size > limits.bytesMax) {
        throw new Problem(
          'too_large',
          'import_too_large',
          `An import may have at most ${limits.bytesMax} bytes; send the rest in another one.`,
        );
      }
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function nextChunk(reader: ReadableStreamDefaultReader<Uint8Array>, pauseMs: number) {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Problem('timeout', 'body_timeout', 'The body took too long to arrive.')),
    pauseMs,
  );
  try {
    return await Promise.race([reader.read(), late]);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('malformed', 'body_incomplete', 'The body did not arrive whole.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
