import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Id, isId, Problem, type TenantId } from '@zoco/kernel';

/** Names an anonymous cart and proves that we made it: `crt_….<HMAC-SHA256 over tenant and cart>`. */
export const CART_TOKEN_HEADER = 'x-cart-token';

export function signCartToken(key: string, tenantId: TenantId, cartId: Id<'cart'>): string {
  return `${cartId}.${macOf(key, tenantId, cartId).toString('base64url')}`;
}

/**
 * The cart that a token names.
 * @throws Problem `malformed` unless this key signed it for this tenant
 */
export function verifyCartToken(key: string, tenantId: TenantId, token: string): Id<'cart'> {
  const [cartId, mac = '', ...rest] = token.split('.');
  const given = Buffer.from(mac, 'base64url');
  if (isId('cart', cartId) && rest.length === 0) {
    const expected = macOf(key, tenantId, cartId);
    if (given.length === expected.length && timingSafeEqual(given, expected)) return cartId;
  }
  throw new Problem('malformed', 'cart_token_invalid', 'The X-Cart-Token is not one of this shop.');
}

function macOf(key: string, tenantId: TenantId, cartId: string): Buffer {
  return createHmac('sha256', key).update(`cart-token\n${tenantId}\n${cartId}`).digest();
}
