import { z } from '@hono/zod-openapi';
import { anonymous, type Ctx, createRouter, defineRoute, pageQuery } from '@zoco/service';
import type { RouteDeps } from '../app.ts';
import { countCategories } from '../db/products.ts';
import { searchProducts } from '../db/search.ts';
import { findSuggestions, suggestByPrefix } from '../db/suggest.ts';
import { filterQuery, filtersOf, isStaff, productSchema, productView } from './product-schema.ts';
import { guessed, inOrder, readSearch, readTyped } from './search-page.ts';
import { readAnswer, setCacheHeaders } from './show-product.ts';

const tags = ['search'];
const SUGGESTIONS_MAX = 10;

export const searchQuery = {
  q: z.string().trim().min(1).max(200).openapi({
    description: 'Words in any order; the last one may be unfinished.',
    example: 'harry poter',
  }),
  ...pageQuery,
  ...filterQuery,
};

const facet = z.object({ value: z.string(), count: z.int() });

/** What a search answers beside its data, for products and books alike. */
export const searchCounts = {
  next_cursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
  total: z.int().openapi({ description: 'How many were found.' }),
  corrected: z.boolean().openapi({
    description: 'Nothing holds the words as they were typed; these hold words that look like them.',
  }),
  facets: z
    .object({
      categories: z.array(facet),
      authors: z.array(facet).openapi({ description: 'The ten with the most.' }),
      prices: z.array(z.object({ min_cents: z.int(), max_cents: z.int(), count: z.int() })).openapi({
        description: 'Ranges from `min_cents` up to, and without, `max_cents`.',
      }),
    })
    .openapi({
      description: 'Counts over everything that was found.',
      example: {
        categories: [{ value: 'fiction', count: 12 }],
        authors: [{ value: 'J.K. Rowling', count: 10 }],
        prices: [{ min_cents: 1000, max_cents: 2000, count: 12 }],
      },
    }),
};

const searchPageSchema = z.object({ data: z.array(productSchema), ...searchCounts }).openapi('ProductSearch');

export const categoriesSchema = z
  .object({ data: z.array(z.object({ category: z.string(), count: z.int() })) })
  .openapi('Categories', { example: { data: [{ category: 'fiction', count: 412 }] } });

const searchRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products/search',
  access: anonymous,
  summary: 'Search products',
  description:
    'Full text in the shop’s language over name, author, sku, category and description. Accents and case do not count, the last word may be unfinished, and when nothing holds the words as typed, words that look like them are searched.',
  tags,
  request: { query: z.strictObject(searchQuery) },
  responses: {
    200: {
      description: 'A page of what was found, best first.',
      content: { 'application/json': { schema: searchPageSchema } },
    },
    304: { description: 'Not changed.' },
  },
});

const suggestRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products/suggest',
  access: anonymous,
  summary: 'Suggest products while somebody types',
  description: 'Names that begin with the text first, then names that hold its words, then look-alikes.',
  tags,
  request: { query: z.strictObject({ q: searchQuery.q.openapi({ example: 'the hun' }) }) },
  responses: {
    200: {
      description: 'At most ten.',
      content: {
        'application/json': {
          schema: z
            .object({
              data: z.array(z.object({ id: z.string(), name: z.string(), authors: z.array(z.string()) })),
            })
            .openapi('Suggestions', {
              example: {
                data: [
                  {
                    id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m',
                    name: 'The Hunger Games',
                    authors: ['Suzanne Collins'],
                  },
                ],
              },
            }),
        },
      },
    },
    304: { description: 'Not changed.' },
  },
});

const categoriesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products/categories',
  access: anonymous,
  summary: 'List categories',
  description: 'Categories of the products on sale, with their numbers.',
  tags,
  responses: {
    200: {
      description: 'All categories, by name.',
      content: { 'application/json': { schema: categoriesSchema } },
    },
    304: { description: 'Not changed.' },
  },
});

export function searchRoutes({ cache }: RouteDeps) {
  const router = createRouter();
  router.openapi(searchRoute, async (c) => {
    const { ctx } = c.var;
    const { q, limit, cursor, ...query } = c.req.valid('query');
    const filters = filtersOf(query);
    const { answer, etag } = await readAnswer(ctx, cache, ['search', q, filters, limit, cursor], async () => {
      const { data, categories, authors, prices, ...page } = await readSearch(ctx, {
        q,
        filters,
        limit,
        cursor,
      });
      const views = data.map((row) => productView(row, ctx.tenant, isStaff(ctx)));
      return { ...page, data: views, facets: { categories, authors, prices } };
    });
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  router.openapi(suggestRoute, async (c) => {
    const { ctx } = c.var;
    const { q } = c.req.valid('query');
    const { answer, etag } = await readAnswer(ctx, cache, ['suggest', q], async () => ({
      data: await suggest(ctx, q),
    }));
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  router.openapi(categoriesRoute, async (c) => {
    const { answer, etag } = await readCategories(c.var.ctx, cache);
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  return router;
}

export function readCategories(ctx: Ctx, cache: RouteDeps['cache']) {
  return readAnswer(ctx, cache, ['categories'], async () => ({ data: await ctx.read(countCategories) }));
}

function suggest(ctx: Ctx, q: string) {
  return ctx.read(async (tx) => {
    const limit = SUGGESTIONS_MAX;
    const typed = await readTyped(ctx, tx, q, { filters: {}, after: undefined, limit });
    if (typed.key === '') return [];
    const begun = await suggestByPrefix(tx, typed.key, limit);
    if (begun.length === limit) return begun;
    let found = await searchProducts(tx, typed);
    if (begun.length === 0 && found.total === 0) found = await searchProducts(tx, await guessed(tx, typed));
    const known = new Set<string>(begun.map(({ id }) => id));
    const more = found.hits.filter(({ id }) => !known.has(id)).slice(0, limit - begun.length);
    const rows = await findSuggestions(
      tx,
      more.map(({ id }) => id),
    );
    return [...begun, ...inOrder(more, rows)];
  });
}
