import { describe, expect, test } from 'vitest';
import { allowedOrigin, corsHeaders, preflightHeaders } from './cors.ts';

describe('allowedOrigin', () => {
  const allowed = ['https://shop.example'];
  test.each([
    ['https://shop.example', allowed, 'https://shop.example'],
    ['https://shop.example.evil.example', allowed, undefined],
    ['http://shop.example', allowed, undefined],
    ['https://SHOP.example', allowed, undefined],
    ['null', ['null', '*'], undefined],
    [undefined, ['*'], undefined],
    ['https://any.example', ['*'], 'https://any.example'],
    ['https://any.example', [], undefined],
  ])('%s of %j → %s', (origin, list, expected) => {
    expect(allowedOrigin(origin, list)).toBe(expected);
  });
});

test('no answer ever has a star or allows credentials', () => {
  const headers = [...corsHeaders('https://shop.example'), ...preflightHeaders(['GET', 'POST'])];
  expect(headers).not.toContain('*');
  expect(headers).not.toContain('access-control-allow-credentials');
});
