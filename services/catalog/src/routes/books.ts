import { z } from '@hono/zod-openapi';
import { newId } from '@zoco/kernel';
import { anonymous, atLeast, createRouter, defineRoute, pageOf, pageQuery, signedIn } from '@zoco/service';
import { changeProduct } from '../actions/change-product.ts';
import { createProduct } from '../actions/create-product.ts';
import { deleteProduct } from '../actions/delete-product.ts';
import type { RouteDeps } from '../app.ts';
import { productPatchOf } from '../rules/book.ts';
import { compactIsbn } from '../rules/isbn.ts';
import { applyPatch, requireCurrency } from '../rules/product.ts';
import { bookInput, bookPatch, bookSchema, bookView } from './book-schema.ts';
import { readList } from './list-page.ts';
import { filterQuery, filtersOf, idParams, sortQuery } from './product-schema.ts';
import { basisField, recommend, recommendationParams, recommendationQuery } from './recommendations.ts';
import { categoriesSchema, readCategories, searchCounts, searchQuery } from './search.ts';
import { readSearch } from './search-page.ts';
import { readAnswer, readProduct, setCacheHeaders, setProductHeaders } from './show-product.ts';

const tags = ['books'];
const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});
const unchanged = { description: 'Not changed.' };

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/books',
  access: anonymous,
  summary: 'List books',
  description: 'The products of a bookstore in the flat shape of a book.',
  tags,
  request: { query: z.strictObject({ ...pageQuery, ...filterQuery, ...sortQuery }) },
  responses: { 200: json('A page of books.', pageOf(bookSchema)), 304: unchanged },
});

const createRoute = defineRoute({
  method: 'post',
  path: '/api/v1/books',
  access: atLeast('staff', 'products:write'),
  summary: 'Add a book',
  description:
    'A product whose sku is the ISBN. An ISBN with 10 or 13 digits must have the right check digit.',
  tags,
  request: { body: { content: { 'application/json': { schema: bookInput } } } },
  responses: { 201: json('The book is on sale.', bookSchema) },
  problems: [409],
});

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/books/{id}',
  access: anonymous,
  summary: 'Get a book',
  tags,
  request: { params: idParams },
  responses: { 200: json('The book.', bookSchema), 304: unchanged },
  problems: [404],
});

const patchRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/books/{id}',
  access: atLeast('staff', 'products:write'),
  summary: 'Change a book',
  tags,
  request: { params: idParams, body: { content: { 'application/json': { schema: bookPatch } } } },
  responses: { 200: json('The book as it is now.', bookSchema) },
  problems: [404, 409],
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/books/{id}',
  access: atLeast('staff', 'products:write'),
  summary: 'Take a book off sale',
  tags,
  request: { params: idParams },
  responses: { 204: { description: 'It is gone.' } },
  problems: [404],
});

const searchRoute = defineRoute({
  method: 'get',
  path: '/api/v1/books/search',
  access: anonymous,
  summary: 'Search books',
  tags,
  request: { query: z.strictObject(searchQuery) },
  responses: {
    200: json(
      'A page of what was found, best first.',
      z.object({ data: z.array(bookSchema), ...searchCounts }).openapi('BookSearch'),
    ),
    304: unchanged,
  },
});

const categoriesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/books/categories',
  access: anonymous,
  summary: 'List categories of books',
  tags,
  responses: { 200: json('All categories, by name.', categoriesSchema), 304: unchanged },
});

const recommendRoute = defineRoute({
  method: 'get',
  path: '/api/v1/books/recommendations/{user_id}',
  access: signedIn('products:read'),
  summary: 'Recommend books to a user',
  tags,
  request: { params: recommendationParams, query: z.strictObject(recommendationQuery) },
  responses: {
    200: json(
      'Books that the user has not marked yet.',
      z.object({ data: z.array(bookSchema), basis: basisField }).openapi('BookRecommendations'),
    ),
  },
  problems: [404],
});

export function bookRoutes(deps: RouteDeps) {
  const router = createRouter();
  registerFinders(router, deps);
  registerReads(router, deps);
  registerWrites(router, deps);
  return router;
}

type Router = ReturnType<typeof createRouter>;

function registerFinders(router: Router, { cache, call }: RouteDeps): void {
  router.openapi(searchRoute, async (c) => {
    const { ctx } = c.var;
    const { q, limit, cursor, ...query } = c.req.valid('query');
    const filters = filtersOf(query);
    const asked = ['book-search', q, filters, limit, cursor];
    const { answer, etag } = await readAnswer(ctx, cache, asked, async () => {
      const found = await readSearch(ctx, { q, filters, limit, cursor });
      const { data, categories, authors, prices, ...page } = found;
      const books = data.map((row) => bookView(row, ctx.tenant));
      return { ...page, data: books, facets: { categories, authors, prices } };
    });
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  router.openapi(categoriesRoute, async (c) => {
    const { answer, etag } = await readCategories(c.var.ctx, cache);
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  router.openapi(recommendRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { user_id: userId } = c.req.valid('param');
    const { data, basis } = await recommend(ctx, call, userId, c.req.valid('query').limit);
    return c.json({ data: data.map((row) => bookView(row, ctx.tenant)), basis }, 200);
  });
}

function registerReads(router: Router, { cache }: RouteDeps): void {
  router.openapi(listRoute, async (c) => {
    const { ctx } = c.var;
    const { limit, cursor, sort, ...query } = c.req.valid('query');
    const filters = filtersOf(query);
    const { answer, etag } = await readAnswer(
      ctx,
      cache,
      ['books', sort, filters, limit, cursor],
      async () => {
        const page = await readList(ctx, { filters, sort, limit, cursor });
        return { ...page, data: page.data.map((row) => bookView(row, ctx.tenant)) };
      },
    );
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  router.openapi(getRoute, async (c) => {
    const { ctx } = c.var;
    const row = await readProduct(ctx, cache, c.req.valid('param').id);
    return setProductHeaders(c, row) ? c.body(null, 304) : c.json(bookView(row, ctx.tenant), 200);
  });
}

function registerWrites(router: Router, { cache }: RouteDeps): void {
  router.openapi(createRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { stock_quantity: stock, ...book } = c.req.valid('json');
    requireCurrency(book.currency, ctx.tenant.currency);
    const isbn = compactIsbn(book.isbn ?? '');
    const blank = {
      sku: isbn === '' ? newId('product').replace('prd_', 'BOOK-') : isbn,
      name: book.title,
      description: null,
      category: null,
      price_cents: book.price_cents,
      currency: ctx.tenant.currency,
      tax_rate_bps: null,
      image_url: null,
      attributes: {},
    };
    const row = await createProduct(ctx, applyPatch(blank, productPatchOf(book)), stock);
    cache.forgetProduct(ctx.tenantId, row.id);
    setProductHeaders(c, row);
    c.header('location', `/api/v1/books/${row.id}`);
    return c.json(bookView(row, ctx.tenant), 201);
  });
  router.openapi(patchRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { stock_quantity: stock, ...book } = c.req.valid('json');
    requireCurrency(book.currency, ctx.tenant.currency);
    const decide = (current: Parameters<typeof applyPatch>[0]) => applyPatch(current, productPatchOf(book));
    const row = await changeProduct(ctx, c.req.valid('param').id, {
      decide,
      stock,
    });
    cache.forgetProduct(ctx.tenantId, row.id);
    setProductHeaders(c, row);
    return c.json(bookView(row, ctx.tenant), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid('param');
    await deleteProduct(c.var.userCtx, id);
    cache.forgetProduct(c.var.ctx.tenantId, id);
    return c.body(null, 204);
  });
}
