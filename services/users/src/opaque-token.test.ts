import { tenantId } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { hashToken, newOpaqueToken, tenantOfToken } from './opaque-token.ts';

test('a token names its kind and tenant, holds 256 random bits, and its hash tells neither', () => {
  const token = newOpaqueToken('zrt', tenantId('acme'));
  expect(token).toMatch(/^zrt_acme\.[\w-]{43}$/);
  expect(tenantOfToken('zrt', token)).toBe('acme');
  expect(newOpaqueToken('zrt', tenantId('acme'))).not.toBe(token);
  expect(hashToken(token)).toMatch(/^[\w-]{43}$/);
  expect(hashToken(token)).not.toContain('acme');
});

test.each([
  '',
  'zrt_',
  'zrt_acme',
  'zrt_acme.',
  'zrt_acme.short',
  `zk_acme.${'a'.repeat(43)}`,
  `zrt_ACME.${'a'.repeat(43)}`,
  `zrt_a.${'a'.repeat(43)}`,
  `zrt_acme.${'a'.repeat(44)}`,
  `zrt_acme.${'a'.repeat(43)}\n`,
  `xzrt_acme.${'a'.repeat(43)}`,
  `zrt_acme.x.${'a'.repeat(43)}`,
])('%j is no refresh token', (text) => expect(tenantOfToken('zrt', text)).toBeUndefined());
