import { HonoRequest } from 'hono/request';
import { expect, test } from 'vitest';
import { fingerprintOf, idempotencyKeyOf } from './idempotency-key.ts';

const withHeaders = (headers: Record<string, string>) =>
  new HonoRequest(new Request('http://localhost', { headers }));

test.each([
  ['bare', { 'Idempotency-Key': 'abcdefghijklmnop' }, 'abcdefghijklmnop'],
  ['the alias', { 'X-Idempotency-Key': 'abcdefghijklmnop' }, 'abcdefghijklmnop'],
  ['quoted', { 'Idempotency-Key': '"abcdefghijklmnop"' }, 'abcdefghijklmnop'],
  [
    'quoted with escapes',
    { 'Idempotency-Key': String.raw`"abcdefghijklmn\"\\"` },
    String.raw`abcdefghijklmn"\\`.slice(0, -1),
  ],
  ['the longest', { 'Idempotency-Key': 'k'.repeat(255) }, 'k'.repeat(255)],
])('%s', (_name, headers, expected) => {
  expect(idempotencyKeyOf(withHeaders(headers))).toBe(expected);
});

test.each([
  ['missing', {}, 'idempotency_key_required'],
  ['too short', { 'Idempotency-Key': 'short' }, 'idempotency_key_invalid'],
  ['too long', { 'Idempotency-Key': 'k'.repeat(256) }, 'idempotency_key_invalid'],
  ['with a space', { 'Idempotency-Key': 'abcdefgh ijklmnop' }, 'idempotency_key_invalid'],
  ['quoted and too short', { 'Idempotency-Key': '"abc"' }, 'idempotency_key_invalid'],
  ['not ASCII', { 'Idempotency-Key': 'abcdefghijklmnoé' }, 'idempotency_key_invalid'],
])('%s is refused with 400', (_name, headers, code) => {
  expect(() => idempotencyKeyOf(withHeaders(headers))).toThrow(
    expect.objectContaining({ code, status: 400 }),
  );
});

test('a fingerprint does not depend on the order of keys, but on the operation and every value', () => {
  const fingerprint = fingerprintOf('checkout', { a: 1, b: [2] });
  expect(fingerprintOf('checkout', { b: [2], a: 1 })).toBe(fingerprint);
  expect(fingerprintOf('checkout', { a: 1, b: [3] })).not.toBe(fingerprint);
  expect(fingerprintOf('confirm', { a: 1, b: [2] })).not.toBe(fingerprint);
});
