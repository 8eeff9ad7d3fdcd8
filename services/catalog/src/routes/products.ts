import { z } from '@hono/zod-openapi';
import { anonymous, atLeast, createRouter, defineRoute, pageOf, pageQuery } from '@zoco/service';
import { changeProduct } from '../actions/change-product.ts';
import { createProduct } from '../actions/create-product.ts';
import { deleteProduct } from '../actions/delete-product.ts';
import type { RouteDeps } from '../app.ts';
import { mayReplace } from '../rules/etag.ts';
import { applyPatch, mergeAttributes, requireCurrency, requireVersion } from '../rules/product.ts';
import { readList } from './list-page.ts';
import {
  filterQuery,
  filtersOf,
  idParams,
  isStaff,
  productInput,
  productPatch,
  productReplacement,
  productSchema,
  productView,
  sortQuery,
} from './product-schema.ts';
import { readAnswer, readProduct, setCacheHeaders, setProductHeaders } from './show-product.ts';

const tags = ['products'];
const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});
const unchanged = { description: 'Not changed since the version that If-None-Match names.' };
const revalidation = z.object({
  'if-none-match': z.string().optional().openapi({ description: 'ETag of the version at hand.' }),
});

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products',
  access: anonymous,
  summary: 'List products',
  description: 'Pages by keyset: products that are added or sold meanwhile neither repeat nor skip others.',
  tags,
  request: {
    headers: revalidation,
    query: z.strictObject({ ...pageQuery, ...filterQuery, ...sortQuery }),
  },
  responses: { 200: json('A page of products.', pageOf(productSchema)), 304: unchanged },
});

const createRoute = defineRoute({
  method: 'post',
  path: '/api/v1/products',
  access: atLeast('staff', 'products:write'),
  summary: 'Add a product',
  tags,
  request: { body: { content: { 'application/json': { schema: productInput } } } },
  responses: { 201: json('The product is on sale.', productSchema) },
  problems: [409],
});

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products/{id}',
  access: anonymous,
  summary: 'Get a product',
  tags,
  request: { params: idParams, headers: revalidation },
  responses: { 200: json('The product.', productSchema), 304: unchanged },
  problems: [404],
});

const patchRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/products/{id}',
  access: atLeast('staff', 'products:write'),
  summary: 'Change a product',
  description: 'What is absent stays. A change that changes nothing makes no new version.',
  tags,
  request: { params: idParams, body: { content: { 'application/json': { schema: productPatch } } } },
  responses: { 200: json('The product as it is now.', productSchema) },
  problems: [404, 409],
});

const replaceRoute = defineRoute({
  method: 'put',
  path: '/api/v1/products/{id}',
  access: atLeast('staff', 'products:write'),
  summary: 'Replace a product',
  description: 'What is absent gets its default; only `stock` stays when it is absent.',
  tags,
  request: {
    params: idParams,
    headers: z.object({
      'if-match': z.string().optional().openapi({
        description:
          'ETag of the version that was read: another one is not overwritten. Sales in between do not count.',
      }),
    }),
    body: { content: { 'application/json': { schema: productReplacement } } },
  },
  responses: { 200: json('The product as it is now.', productSchema) },
  problems: [404, 409, 412],
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/products/{id}',
  access: atLeast('staff', 'products:write'),
  summary: 'Take a product off sale',
  description: 'Its sku is free again; orders that reserved it are not touched.',
  tags,
  request: { params: idParams },
  responses: { 204: { description: 'It is gone.' } },
  problems: [404],
});

export function productRoutes({ cache }: RouteDeps) {
  const router = createRouter();
  registerReads(router, cache);
  router.openapi(createRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { stock, attributes, ...input } = c.req.valid('json');
    requireCurrency(input.currency, ctx.tenant.currency);
    const row = await createProduct(ctx, contentOf(input, attributes, ctx.tenant.currency), stock);
    cache.forgetProduct(ctx.tenantId, row.id);
    setProductHeaders(c, row);
    c.header('location', `/api/v1/products/${row.id}`);
    return c.json(productView(row, ctx.tenant, true), 201);
  });
  router.openapi(patchRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { id } = c.req.valid('param');
    const { stock, ...patch } = c.req.valid('json');
    requireCurrency(patch.currency, ctx.tenant.currency);
    const row = await changeProduct(ctx, id, {
      decide: (current) => applyPatch(current, patch),
      stock,
    });
    cache.forgetProduct(ctx.tenantId, row.id);
    setProductHeaders(c, row);
    return c.json(productView(row, ctx.tenant, true), 200);
  });
  router.openapi(replaceRoute, async (c) => {
    const ctx = c.var.userCtx;
    const { id } = c.req.valid('param');
    const { stock, attributes, ...input } = c.req.valid('json');
    requireCurrency(input.currency, ctx.tenant.currency);
    const content = contentOf(input, attributes, ctx.tenant.currency);
    const row = await changeProduct(ctx, id, {
      stock,
      decide(current) {
        requireVersion(mayReplace(c.req.header('if-match'), current.version));
        return content;
      },
    });
    cache.forgetProduct(ctx.tenantId, row.id);
    setProductHeaders(c, row);
    return c.json(productView(row, ctx.tenant, true), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid('param');
    await deleteProduct(c.var.userCtx, id);
    cache.forgetProduct(c.var.ctx.tenantId, id);
    return c.body(null, 204);
  });
  return router;
}

function registerReads(router: ReturnType<typeof createRouter>, cache: RouteDeps['cache']): void {
  router.openapi(listRoute, async (c) => {
    const { ctx } = c.var;
    const { limit, cursor, sort, ...query } = c.req.valid('query');
    const filters = filtersOf(query);
    const { answer, etag } = await readAnswer(
      ctx,
      cache,
      ['list', sort, filters, limit, cursor],
      async () => {
        const page = await readList(ctx, { filters, sort, limit, cursor });
        return { ...page, data: page.data.map((row) => productView(row, ctx.tenant, isStaff(ctx))) };
      },
    );
    return setCacheHeaders(c, etag) ? c.body(null, 304) : c.json(answer, 200);
  });
  router.openapi(getRoute, async (c) => {
    const { ctx } = c.var;
    const row = await readProduct(ctx, cache, c.req.valid('param').id);
    if (setProductHeaders(c, row)) return c.body(null, 304);
    return c.json(productView(row, ctx.tenant, isStaff(ctx)), 200);
  });
}

type Input = Omit<z.infer<typeof productInput>, 'stock' | 'attributes'>;

function contentOf(input: Input, attributes: z.infer<typeof productInput>['attributes'], currency: string) {
  return {
    sku: input.sku,
    name: input.name,
    description: input.description ?? null,
    category: input.category ?? null,
    price_cents: input.price_cents,
    currency,
    tax_rate_bps: input.tax_rate_bps ?? null,
    image_url: input.image_url ?? null,
    attributes: mergeAttributes({}, attributes ?? {}),
  };
}
