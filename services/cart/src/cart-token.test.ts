import { newId, tenantId } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import { signCartToken, verifyCartToken } from './cart-token.ts';

const key = 'k'.repeat(32);
const shop = tenantId('libros');
const cart = newId('cart');
const token = signCartToken(key, shop, cart);

test('a token names the cart that it was made for', () => {
  expect(verifyCartToken(key, shop, token)).toBe(cart);
});

describe('is refused', () => {
  const [id = '', mac = ''] = token.split('.');
  test.each([
    ['of another shop', signCartToken(key, tenantId('acme'), cart)],
    ['of another key', signCartToken('x'.repeat(32), shop, cart)],
    ['for another cart', `${newId('cart')}.${mac}`],
    ['without a signature', id],
    ['with an empty signature', `${id}.`],
    ['cut short', token.slice(0, -2)],
    ['with more behind', `${token}.x`],
    ['empty', ''],
    ['of something else', `usr_01jqb3k5xwf7kt3qk5v1y6zj3m.${mac}`],
  ])('%s', (_name, forged) => {
    expect(() => verifyCartToken(key, shop, forged)).toThrow(
      expect.objectContaining({ code: 'cart_token_invalid', status: 400 }),
    );
  });
});
