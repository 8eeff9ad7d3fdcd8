import { anonymous, createRouter, defineRoute } from '@zoco/service';
import type { RouteDeps } from '../app.ts';
import { clearCart } from '../actions/clear-cart.ts';
import { cartSchema, cartTokenHeader } from './cart-schema.ts';
import { ownerOf } from './owner.ts';
import { showCart } from './show-cart.ts';

const tags = ['cart'];

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/cart',
  access: anonymous,
  summary: 'The cart with live prices and availability',
  description:
    'Of the signed-in user, else of `X-Cart-Token`; empty when there is none. When catalog does not answer, the last known names and prices are shown and `stale` is true.',
  tags,
  request: { headers: cartTokenHeader },
  responses: { 200: { description: 'The cart.', content: { 'application/json': { schema: cartSchema } } } },
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/cart',
  access: anonymous,
  summary: 'Empty the cart',
  tags,
  request: { headers: cartTokenHeader },
  responses: { 204: { description: 'The cart is empty now.' } },
});

export function cartRoutes({ config, call }: RouteDeps) {
  const router = createRouter();
  router.openapi(getRoute, async (c) => {
    const owner = await ownerOf(c, config.CART_TOKEN_KEY, 'read');
    c.header('cache-control', 'no-store');
    return c.json(await showCart(c.var.ctx, call, owner), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    await clearCart(c.var.ctx, await ownerOf(c, config.CART_TOKEN_KEY, 'write'));
    return c.body(null, 204);
  });
  return router;
}
