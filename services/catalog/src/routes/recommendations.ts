import { z } from '@hono/zod-openapi';
import { userInterests } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import {
  CallOutcomeUnknown,
  type CallService,
  createRouter,
  defineRoute,
  queryInteger,
  signedIn,
} from '@zoco/service';
import type { UserCtx } from '@zoco/service';
import type { RouteDeps } from '../app.ts';
import { findProducts, type ProductRow } from '../db/products.ts';
import { recommendBestRated, recommendByInterests } from '../db/recommendations.ts';
import { isStaff, productSchema, productView } from './product-schema.ts';
import { inOrder } from './search-page.ts';

export const recommendationParams = z.object({
  user_id: z.string().max(64).openapi({ example: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
});

export const recommendationQuery = {
  limit: queryInteger(1, 50).default(10).openapi({ default: 10, example: 10 }),
};

export const basisField = z.enum(['interests', 'best_rated', 'best_rated_fallback']).openapi({
  description:
    '`interests`: authors and categories of what the user likes; `best_rated`: nothing is known that they like; `best_rated_fallback`: the users service did not answer.',
});
type Basis = z.infer<typeof basisField>;

const recommendRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products/recommendations/{user_id}',
  access: signedIn('products:read'),
  summary: 'Recommend products to a user',
  description: 'Of the authors and categories that they like, best rated first. For the user and for staff.',
  tags: ['products'],
  request: { params: recommendationParams, query: z.strictObject(recommendationQuery) },
  responses: {
    200: {
      description: 'Products that the user has not marked yet.',
      content: {
        'application/json': {
          schema: z.object({ data: z.array(productSchema), basis: basisField }).openapi('Recommendations'),
        },
      },
    },
  },
  problems: [404],
});

export function recommendationRoutes({ call }: RouteDeps) {
  const router = createRouter();
  router.openapi(recommendRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { data, basis } = await recommend(
      ctx,
      call,
      c.req.valid('param').user_id,
      c.req.valid('query').limit,
    );
    return c.json({ data: data.map((row) => productView(row, ctx.tenant, isStaff(ctx))), basis }, 200);
  });
  return router;
}

/**
 * Products for a user; the best rated ones fill up what interests do not.
 * @throws Problem `user_not_found`, also for somebody else's id
 */
export async function recommend(
  ctx: UserCtx,
  call: CallService,
  userId: string,
  limit: number,
): Promise<{ data: ProductRow[]; basis: Basis }> {
  if (userId !== ctx.principal.id && !isStaff(ctx)) throw userNotFound();
  const interests = await askInterests(ctx, call, userId);
  const likedIds = [...(interests?.favorite_ids ?? []), ...(interests?.wishlist_ids ?? [])];
  return ctx.read(async (tx) => {
    const chosen = interests?.categories ?? [];
    const fitting =
      likedIds.length + chosen.length > 0 ? await recommendByInterests(tx, likedIds, chosen, limit) : [];
    const rest =
      fitting.length < limit
        ? await recommendBestRated(tx, [...likedIds, ...fitting], limit - fitting.length)
        : [];
    const ids = [...fitting, ...rest];
    const rows = await findProducts(tx, ids);
    const basis = fitting.length > 0 ? 'interests' : interests ? 'best_rated' : 'best_rated_fallback';
    return {
      data: inOrder(
        ids.map((id) => ({ id })),
        rows,
      ),
      basis,
    };
  });
}

/** What a user likes; undefined when users does not answer, which is no reason to show nothing. */
async function askInterests(ctx: UserCtx, call: CallService, userId: string) {
  try {
    return await call('getInterests', userInterests, {
      params: { user_id: userId },
      tenantId: ctx.tenantId,
      retries: 1,
    });
  } catch (error) {
    if (error instanceof CallOutcomeUnknown) return undefined;
    if (error instanceof Problem && error.kind === 'not_found') throw userNotFound();
    throw error;
  }
}

function userNotFound(): Problem {
  return new Problem('not_found', 'user_not_found', 'There is no such user.');
}
