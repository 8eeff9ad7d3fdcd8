import { isId, Problem } from '@zoco/kernel';
import type { AppEnv } from '@zoco/service';
import type { Context } from 'hono';
import { mergeCart } from '../actions/merge-cart.ts';
import { CART_TOKEN_HEADER, verifyCartToken } from '../cart-token.ts';
import type { CartOwner } from '../db/carts.ts';

/**
 * Whose cart a request is about: the signed-in user's, else that of its cart token; undefined when it has neither. A user
 * who still carries a cart token gets what it holds into the cart first.
 * @throws Problem `cart_token_invalid`, `cart_user_required`, `scope_missing`
 */
export async function ownerOf(
  c: Context<AppEnv>,
  tokenKey: string,
  verb: 'read' | 'write',
): Promise<CartOwner | undefined> {
  const { ctx } = c.var;
  const token = c.req.header(CART_TOKEN_HEADER);
  const cartId = token === undefined ? undefined : verifyCartToken(tokenKey, ctx.tenantId, token);
  if (ctx.principal === undefined) return cartId && { kind: 'anonymous', cartId };
  const { id: userId, scopes } = ctx.principal;
  if (scopes !== undefined && !scopes.includes(`cart:${verb}`)) {
    throw new Problem('forbidden', 'scope_missing', `This API key needs the scope cart:${verb}.`);
  }
  if (!isId('user', userId)) {
    throw new Problem('forbidden', 'cart_user_required', 'Only people have a cart; place an order instead.');
  }
  if (cartId !== undefined) await mergeCart(ctx, userId, cartId);
  return { kind: 'user', userId };
}
