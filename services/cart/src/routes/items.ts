import { z } from '@hono/zod-openapi';
import { anonymous, type AppEnv, createRouter, defineRoute } from '@zoco/service';
import type { Context } from 'hono';
import { addItem } from '../actions/add-item.ts';
import { removeItem } from '../actions/remove-item.ts';
import { setItemQuantity } from '../actions/set-item-quantity.ts';
import type { RouteDeps } from '../app.ts';
import { CART_TOKEN_HEADER, signCartToken } from '../cart-token.ts';
import { QUANTITY_MAX } from '../rules/limits.ts';
import { addedItemSchema, cartSchema, cartTokenHeader, productIdField } from './cart-schema.ts';
import { ownerOf } from './owner.ts';
import { showCart } from './show-cart.ts';

const tags = ['cart'];
const quantity = z.int().min(1).max(QUANTITY_MAX).openapi({ description: 'Units.', example: 2 });
const productId = productIdField;
const params = z.object({ product_id: productId });
const cartAnswer = {
  200: { description: 'The cart.', content: { 'application/json': { schema: cartSchema } } },
};

const itemInput = z
  .strictObject({ product_id: productId, quantity: quantity.default(1) })
  .openapi('CartItemInput', { example: { product_id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m', quantity: 2 } });

/** A bookstore client names the same thing `book_id`. */
const itemOrBookInput = z
  .strictObject({
    product_id: productId.optional(),
    book_id: productId.optional().openapi({ description: 'The same as `product_id`.' }),
    quantity: quantity.default(1),
  })
  .refine(
    ({ product_id, book_id }) => (product_id === undefined) !== (book_id === undefined),
    'needs either product_id or book_id',
  )
  .openapi('CartItemOrBookInput', { example: { book_id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m', quantity: 1 } });

const addRoute = <const P extends string, S extends z.ZodType>(path: P, schema: S, summary: string) =>
  defineRoute({
    method: 'post',
    path,
    access: anonymous,
    summary,
    description:
      'Adds to what the cart holds already. Stock is not checked before the checkout, only how much a cart may hold.',
    tags,
    request: {
      headers: cartTokenHeader,
      body: { content: { 'application/json': { schema } } },
    },
    responses: {
      200: {
        description: 'It is in the cart.',
        content: { 'application/json': { schema: addedItemSchema } },
      },
    },
    problems: [404, 409],
  });

const patchRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/cart/items/{product_id}',
  access: anonymous,
  summary: 'Set the quantity of an item',
  tags,
  request: {
    headers: cartTokenHeader,
    params,
    body: {
      content: {
        'application/json': {
          schema: z.strictObject({ quantity }).openapi('CartQuantityInput', { example: { quantity: 3 } }),
        },
      },
    },
  },
  responses: cartAnswer,
  problems: [404],
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/cart/items/{product_id}',
  access: anonymous,
  summary: 'Take an item out of the cart',
  tags,
  request: { headers: cartTokenHeader, params },
  responses: cartAnswer,
  problems: [404],
});

export function itemRoutes({ config, call }: RouteDeps) {
  const router = createRouter();

  async function add(c: Context<AppEnv>, item: { productId: string; quantity: number }) {
    const owner = await ownerOf(c, config.CART_TOKEN_KEY, 'write');
    const added = await addItem(c.var.ctx, call, owner, item);
    const token =
      owner?.kind === 'user'
        ? undefined
        : signCartToken(config.CART_TOKEN_KEY, c.var.ctx.tenantId, added.cartId);
    if (token !== undefined) c.header(CART_TOKEN_HEADER, token);
    return {
      cart_id: added.cartId,
      ...(token === undefined ? {} : { cart_token: token }),
      product_id: added.productId,
      quantity: added.quantity,
      line_count: added.lineCount,
      unit_count: added.unitCount,
    };
  }

  for (const path of ['/api/v1/cart/items', '/api/v1/cart'] as const) {
    router.openapi(addRoute(path, itemInput, 'Put a product into the cart'), async (c) => {
      const { product_id, quantity: units } = c.req.valid('json');
      return c.json(await add(c, { productId: product_id, quantity: units }), 200);
    });
  }
  router.openapi(
    addRoute('/api/v1/cart/add', itemOrBookInput, 'Put a product or book into the cart'),
    async (c) => {
      const { product_id, book_id, quantity: units } = c.req.valid('json');
      return c.json(await add(c, { productId: product_id ?? book_id ?? '', quantity: units }), 200);
    },
  );
  router.openapi(patchRoute, async (c) => {
    const owner = await ownerOf(c, config.CART_TOKEN_KEY, 'write');
    const { product_id } = c.req.valid('param');
    await setItemQuantity(c.var.ctx, owner, product_id, c.req.valid('json').quantity);
    return c.json(await showCart(c.var.ctx, call, owner), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    const owner = await ownerOf(c, config.CART_TOKEN_KEY, 'write');
    await removeItem(c.var.ctx, owner, c.req.valid('param').product_id);
    return c.json(await showCart(c.var.ctx, call, owner), 200);
  });
  return router;
}
