import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyFromToken, seal, unseal } from './sealing.ts';

const key = randomBytes(32);

test('what was sealed opens with the same key and context, and no text seals alike twice', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      (text) => {
        const sealed = seal(key, text, 'kid');
        expect(unseal(key, sealed, 'kid')).toBe(text);
        expect(seal(key, text, 'kid')).not.toBe(sealed);
      },
    ),
  );
});

test('another key, another context, or a changed byte opens nothing', () => {
  const sealed = seal(key, 'secret', 'kid');
  expect(() => unseal(randomBytes(32), sealed, 'kid')).toThrow(/authenticate/);
  expect(() => unseal(key, sealed, 'other')).toThrow(/authenticate/);
  const bytes = Buffer.from(sealed, 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const touched = Buffer.from(bytes);
    touched[at] = (touched[at] ?? 0) ^ 1;
    expect(() => unseal(key, touched.toString('base64url'), 'kid')).toThrow(/authenticate/);
  }
  expect(() => unseal(key, '', 'kid')).toThrow(/Invalid/);
});

test('the key from a token is 32 bytes and another for every token', () => {
  expect(keyFromToken('a')).toHaveLength(32);
  expect(keyFromToken('a')).toEqual(keyFromToken('a'));
  expect(keyFromToken('a')).not.toEqual(keyFromToken('b'));
});
