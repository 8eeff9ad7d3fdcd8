import { type FieldError, Problem } from '@zoco/kernel';

export const JSON_BYTES_MAX = 64 * 1024;
const DEPTH_MAX = 20;
const ITEMS_MAX = 2000;
const READ_TIMEOUT_MS = 10_000;

/** The headers of a request; `c.req` is one. */
interface HeaderSource {
  header(name: string): string | undefined;
}

/**
 * Reads a body of at most `bytesMax`, whatever its header says.
 * @throws Problem `too_large`, or `timeout` when it trickles in for more than ten seconds
 */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Problem('timeout', 'body_timeout', 'The body took too long to arrive.')),
    READ_TIMEOUT_MS,
  );
  try {
    const length = request.headers.get('content-length');
    if (length === null) return await readStream(request.body, bytesMax, late);
    // The server lets no more than that many bytes through. Reading them at once spares the making of a stream.
    if (Number(length) > bytesMax) throw tooLarge(bytesMax);
    const bytes = new Uint8Array(await Promise.race([request.arrayBuffer(), late]));
    if (bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
    return bytes;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('malformed', 'body_incomplete', 'The body did not arrive whole.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function readStream(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
  late: Promise<never>,
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return Buffer.concat(chunks, size);
      size += value.byteLength;
      if (size > bytesMax) throw tooLarge(bytesMax);
      chunks.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  }
}

const tooLarge = (bytesMax: number) =>
  new Problem('too_large', 'body_too_large', `The body may have at most ${bytesMax} bytes.`);

/**
 * Parses JSON as strictly as RFC 8259 and our limits ask: UTF-8, depth, length of arrays, finite numbers, no NUL, no lone
 * surrogates, no `__proto__`.
 * @throws Problem `malformed` (400) when it is no JSON, `invalid` (422) with the field when a value is not acceptable
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('malformed', 'body_not_utf8', 'The body is not valid UTF-8.');
  }
  if (nestingOf(text) > DEPTH_MAX) {
    throw new Problem('malformed', 'body_too_deep', `The body may nest at most ${DEPTH_MAX} levels.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem('malformed', 'body_not_json', 'The body is not valid JSON.');
  }
  const errors: FieldError[] = [];
  inspect(value, '', errors);
  if (errors.length > 0) {
    throw new Problem('invalid', 'request_invalid', 'The request is not valid.', {
      errors: errors.slice(0, 50),
    });
  }
  return value;
}

/** @throws Problem `unsupported` unless the body is plain, uncompressed JSON */
export function requireJson(request: HeaderSource): void {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new Problem('unsupported', 'content_type_unsupported', 'Send the body as application/json.');
  }
  refuseEncoding(request);
}

/** A compressed body could unfold to any size. @throws Problem `unsupported` */
export function refuseEncoding(request: HeaderSource): void {
  if (request.header('content-encoding') !== undefined) {
    throw new Problem(
      'unsupported',
      'content_encoding_unsupported',
      'Send the body without Content-Encoding.',
    );
  }
}

/** Depth of brackets outside strings, found before parsing: a deep document must not cost a deep stack. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (inString) {
      if (char === 0x5c) index += 1;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, (depth += 1));
    else if (char === 0x7d || char === 0x5d) depth -= 1;
  }
  return deepest;
}

function inspect(value: unknown, path: string, errors: FieldError[]): void {
  if (typeof value === 'string') {
    const fault = textFault(value);
    if (fault) errors.push({ field: path || 'body', code: 'text_invalid', detail: fault });
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value))
      errors.push({ field: path || 'body', code: 'number_invalid', detail: 'is out of range' });
  } else if (Array.isArray(value)) {
    if (value.length > ITEMS_MAX) {
      errors.push({ field: path || 'body', code: 'too_many', detail: `may have at most ${ITEMS_MAX} items` });
      return;
    }
    value.forEach((item, index) => inspect(item, join(path, String(index)), errors));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const fault = key === '__proto__' ? 'is not an acceptable name' : textFault(key);
      if (fault)
        errors.push({ field: join(path, key.replaceAll('\0', '')), code: 'name_invalid', detail: fault });
      else inspect(item, join(path, key), errors);
    }
  }
}

/** Postgres text holds neither NUL nor lone surrogates; nor does any honest client send them. */
export function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'may not contain NUL';
  return text.isWellFormed() ? undefined : 'is not well-formed Unicode';
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
