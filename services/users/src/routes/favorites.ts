import { z } from '@hono/zod-openapi';
import { type Id, isId, Problem } from '@zoco/kernel';
import {
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  pageOf,
  pageQuery,
  signedIn,
  toPage,
} from '@zoco/service';
import { addFavorite } from '../actions/add-favorite.ts';
import { putWish } from '../actions/put-wish.ts';
import { removeFavorite } from '../actions/remove-favorite.ts';
import { removeWish } from '../actions/remove-wish.ts';
import { type Favorite, listFavorites } from '../db/favorites.ts';
import { getAccount } from '../db/users.ts';
import { listWishes, type Wish } from '../db/wishlist.ts';
import { jsonContent } from './json-content.ts';
import { personOf } from './person.ts';

const productIdField = z.string().openapi({ example: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m' });
const favoriteSchema = z.object({ product_id: productIdField, created_at: z.string() }).openapi('Favorite');
const priorityField = z.int().min(1).max(5).openapi({ description: '5 is wanted most.', example: 5 });
const wishSchema = z
  .object({ product_id: productIdField, priority: priorityField, created_at: z.string() })
  .openapi('Wish');

const params = z.object({ product_id: z.string().max(64) });
const query = z.strictObject(pageQuery);
const tags = ['favorites'];

const favoriteKey = z.tuple([z.iso.datetime(), z.string()]);
const wishKey = z.tuple([z.int(), z.iso.datetime(), z.string()]);

const favoriteView = ({ productId, createdAt }: Favorite) => ({
  product_id: productId,
  created_at: createdAt.toISOString(),
});
const wishView = ({ priority, ...rest }: Wish) => ({ ...favoriteView(rest), priority });

/** An id that no product can have is one that no product has. */
function productIdOf(text: string): Id<'product'> {
  if (isId('product', text)) return text;
  throw new Problem('not_found', 'product_not_found', 'There is no such product.');
}

const listFavoritesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users/favorites',
  access: signedIn('users:read'),
  summary: 'Own favorites, newest first',
  tags,
  request: { query },
  responses: { 200: { description: 'A page of favorites.', ...jsonContent(pageOf(favoriteSchema)) } },
});

const putFavoriteRoute = defineRoute({
  method: 'put',
  path: '/api/v1/users/favorites/{product_id}',
  access: signedIn('users:write'),
  summary: 'Add a favorite',
  description: 'Repeating it changes nothing. A product that is deleted disappears from all favorites.',
  tags,
  request: { params },
  responses: { 204: { description: 'It is a favorite.' } },
  problems: [404, 409],
});

const deleteFavoriteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/users/favorites/{product_id}',
  access: signedIn('users:write'),
  summary: 'Remove a favorite',
  tags,
  request: { params },
  responses: { 204: { description: 'It is no favorite.' } },
});

const listWishesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users/wishlist',
  access: signedIn('users:read'),
  summary: 'Own wishlist, most wanted first',
  tags,
  request: { query },
  responses: { 200: { description: 'A page of wishes.', ...jsonContent(pageOf(wishSchema)) } },
});

const putWishRoute = defineRoute({
  method: 'put',
  path: '/api/v1/users/wishlist/{product_id}',
  access: signedIn('users:write'),
  summary: 'Wish for a product, or give the wish another priority',
  tags,
  request: {
    params,
    body: jsonContent(
      z.strictObject({ priority: priorityField }).openapi('WishInput', { example: { priority: 5 } }),
    ),
  },
  responses: { 200: { description: 'The wish as it is now.', ...jsonContent(wishSchema) } },
  problems: [404, 409],
});

const deleteWishRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/users/wishlist/{product_id}',
  access: signedIn('users:write'),
  summary: 'Give up a wish',
  tags,
  request: { params },
  responses: { 204: { description: 'It is not on the wishlist.' } },
});

export function favoriteRoutes() {
  const router = createRouter();

  router.openapi(listFavoritesRoute, async (c) => {
    const ctx = c.var.userCtx;
    const userId = personOf(ctx);
    const { limit, cursor } = c.req.valid('query');
    const [createdAt, productId] = cursor ? decodeCursor(cursor, 'favorites', favoriteKey) : [];
    const after = createdAt && productId ? { createdAt, productId } : undefined;
    const [, rows] = await ctx.read((tx) =>
      Promise.all([getAccount(tx, ctx.principal), listFavorites(tx, userId, limit, after)]),
    );
    const page = toPage(rows, limit, (last) =>
      encodeCursor('favorites', [last.createdAt.toISOString(), last.productId]),
    );
    return c.json({ ...page, data: page.data.map(favoriteView) }, 200);
  });

  router.openapi(putFavoriteRoute, async (c) => {
    personOf(c.var.userCtx);
    await addFavorite(c.var.userCtx, productIdOf(c.req.valid('param').product_id));
    return c.body(null, 204);
  });

  router.openapi(deleteFavoriteRoute, async (c) => {
    personOf(c.var.userCtx);
    await removeFavorite(c.var.userCtx, c.req.valid('param').product_id);
    return c.body(null, 204);
  });

  return router;
}

export function wishlistRoutes() {
  const router = createRouter();

  router.openapi(listWishesRoute, async (c) => {
    const ctx = c.var.userCtx;
    const userId = personOf(ctx);
    const { limit, cursor } = c.req.valid('query');
    const [priority, createdAt, productId] = cursor ? decodeCursor(cursor, 'wishlist', wishKey) : [];
    const after = priority && createdAt && productId ? { priority, createdAt, productId } : undefined;
    const [, rows] = await ctx.read((tx) =>
      Promise.all([getAccount(tx, ctx.principal), listWishes(tx, userId, limit, after)]),
    );
    const page = toPage(rows, limit, (last) =>
      encodeCursor('wishlist', [last.priority, last.createdAt.toISOString(), last.productId]),
    );
    return c.json({ ...page, data: page.data.map(wishView) }, 200);
  });

  router.openapi(putWishRoute, async (c) => {
    personOf(c.var.userCtx);
    const productId = productIdOf(c.req.valid('param').product_id);
    const wish = await putWish(c.var.userCtx, productId, c.req.valid('json').priority);
    return c.json(wishView(wish), 200);
  });

  router.openapi(deleteWishRoute, async (c) => {
    personOf(c.var.userCtx);
    await removeWish(c.var.userCtx, c.req.valid('param').product_id);
    return c.body(null, 204);
  });

  return router;
}
