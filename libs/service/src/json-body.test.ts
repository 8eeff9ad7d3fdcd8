import { Problem } from '@zoco/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson, readBytes, refuseEncoding, requireJson, textFault } from './json-body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function problemOf(work: () => unknown): Problem {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parseJson', () => {
  test.each([
    ['{}', {}],
    ['[]', []],
    ['"é\\ud83d\\ude00"', 'é😀'],
    [' {"a":[1,2,{"b":null}]} ', { a: [1, 2, { b: null }] }],
    ['\uFEFF{"a":1}', { a: 1 }],
    ['1e3', 1000],
    ['{"a":"[[[[[[[[[[[[[[[[[[[[[[[["}', { a: '[[[[[[[[[[[[[[[[[[[[[[[[' }],
    ['{"a":"\\"{{{{{{{{{{{{{{{{{{{{{{{"}', { a: '"{{{{{{{{{{{{{{{{{{{{{{{' }],
    ['['.repeat(20) + ']'.repeat(20), expect.any(Array)],
  ])('takes %s', (text, expected) => {
    expect(parseJson(bytes(text))).toEqual(expected);
  });

  test.each([
    ['nothing', '', 'body_not_json'],
    ['half an object', '{"a":1', 'body_not_json'],
    ['single quotes', "{'a':1}", 'body_not_json'],
    ['a trailing comma', '{"a":1,}', 'body_not_json'],
    ['NaN', '{"a":NaN}', 'body_not_json'],
    ['two values', '{}{}', 'body_not_json'],
    ['a bare line break in a string', '"a\nb"', 'body_not_json'],
    ['21 levels', '['.repeat(21) + ']'.repeat(21), 'body_too_deep'],
    ['a hundred thousand levels', '{"a":'.repeat(100_000), 'body_too_deep'],
  ])('400 for %s', (_what, text, code) => {
    expect(problemOf(() => parseJson(bytes(text)))).toMatchObject({ status: 400, code });
  });

  test.each([
    ['Latin-1', [0x22, 0xe9, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a character cut short', [0x22, 0xe2, 0x82, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x22, 0x00, 0x61, 0x00, 0x22, 0x00]],
  ])('400 for %s', (_what, raw) => {
    expect(problemOf(() => parseJson(Uint8Array.from(raw)))).toMatchObject({
      status: 400,
      code: 'body_not_utf8',
    });
  });

  test.each([
    ['10^400', '{"price_cents":1e400}', 'price_cents'],
    ['-10^400 deep inside', '{"a":[{"b":-1e400}]}', 'a.0.b'],
    ['NUL', '{"name":"a\\u0000b"}', 'name'],
    ['a lone high surrogate', '{"name":"\\ud800"}', 'name'],
    ['a lone low surrogate in a list', '["a","\\udc00"]', '1'],
    ['NUL in a name', '{"a\\u0000":1}', 'a'],
    ['__proto__', '{"__proto__":{"admin":true}}', '__proto__'],
    ['__proto__ inside', '{"a":{"__proto__":1}}', 'a.__proto__'],
    ['2001 items', `{"items":[${'1,'.repeat(2000)}1]}`, 'items'],
    ['a root that is NUL', '"\\u0000"', 'body'],
  ])('422 that names the field for %s', (_what, text, field) => {
    const problem = problemOf(() => parseJson(bytes(text)));
    expect(problem).toMatchObject({ status: 422, code: 'request_invalid' });
    expect(problem.errors.map((error) => error.field)).toEqual([field]);
  });

  test('of many faults at most fifty are told', () => {
    const text = JSON.stringify({ list: Array.from({ length: 500 }, () => '\0') });
    expect(problemOf(() => parseJson(bytes(text))).errors).toHaveLength(50);
  });

  test('nobody’s prototype changes', () => {
    expect(() => parseJson(bytes('{"a":{"constructor":{"prototype":{"x":1}}}}'))).not.toThrow();
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('gives what JSON.parse gives, or a Problem: never anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          const expected = attempt(() => JSON.parse(new TextDecoder().decode(bytes(text))) as unknown);
          const found = attempt(() => parseJson(bytes(text)));
          const isRefused = 'error' in found && found.error instanceof Problem;
          expect(isRefused || found).toEqual(isRefused || expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function attempt(work: () => unknown): { value: unknown } | { error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

describe('readBytes', () => {
  const request = (body: ReadableStream | string | null, headers: Record<string, string> = {}) =>
    new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' });

  test('joins the chunks, and takes exactly as many bytes as allowed', async () => {
    const chunks = ReadableStream.from([bytes('ab'), bytes(''), bytes('c')]);
    expect(await readBytes(request(chunks), 3)).toEqual(Buffer.from('abc'));
    expect(await readBytes(request(null), 0)).toEqual(new Uint8Array());
  });

  test('the length that a request announces counts, and so does the one it has', async () => {
    const announced = (length: number) => request('abc', { 'content-length': String(length) });
    expect(await readBytes(announced(3), 3)).toEqual(new Uint8Array(bytes('abc')));
    for (const length of [1, 3]) {
      await expect(readBytes(announced(length), 2)).rejects.toMatchObject({ code: 'body_too_large' });
    }
  });

  test('one byte more is refused while it arrives, and the rest is not read', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    await expect(readBytes(request(endless), 2999)).rejects.toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    expect(pulled).toBeLessThanOrEqual(5);
  });

  test('a connection that breaks is the client’s fault, not ours', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('socket hang up')),
    });
    await expect(readBytes(request(broken), 10)).rejects.toMatchObject({
      status: 400,
      code: 'body_incomplete',
    });
  });
});

describe('headers', () => {
  const request = (headers: Record<string, string>) => ({ header: (name: string) => headers[name] });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;x=y'])(
    '%s is JSON',
    (type) => {
      expect(() => requireJson(request({ 'content-type': type }))).not.toThrow();
    },
  );

  test.each([
    undefined,
    '',
    'text/plain',
    'application/jsonp',
    'application/x-json',
    'multipart/form-data; application/json',
  ])('415 for %s', (type) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    expect(problemOf(() => requireJson(request(headers)))).toMatchObject({
      status: 415,
      code: 'content_type_unsupported',
    });
  });

  test.each(['gzip', 'identity', 'br'])('415 for a body that is encoded: %s', (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(problemOf(() => refuseEncoding(request(headers)))).toMatchObject({ status: 415 });
    expect(problemOf(() => requireJson(request(headers)))).toMatchObject({
      code: 'content_encoding_unsupported',
    });
  });
});

test.each([
  ['', undefined],
  ['año 😀', undefined],
  ['a\0', 'may not contain NUL'],
  ['\ud83d', 'is not well-formed Unicode'],
])('textFault of %j', (text, expected) => {
  expect(textFault(text)).toBe(expected);
});
