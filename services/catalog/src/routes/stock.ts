import { z } from '@hono/zod-openapi';
import {
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  IDEMPOTENCY_REPLAYED_HEADER,
  optionalIdempotencyHeaders,
  idempotencyKeyOf,
  pageOf,
  pageQuery,
  toPage,
} from '@zoco/service';
import { adjustStock } from '../actions/adjust-stock.ts';
import type { RouteDeps } from '../app.ts';
import { findProducts } from '../db/products.ts';
import { listMoves } from '../db/stock.ts';
import { productNotFound } from '../rules/product.ts';
import { UNITS_MAX } from '../rules/product-fields.ts';
import { idParams } from './product-schema.ts';

const tags = ['stock'];

const moveSchema = z
  .object({
    id: z.string(),
    product_id: z.string(),
    kind: z.enum(['adjust', 'reserve', 'commit', 'release', 'return']).openapi({
      description: '`adjust` is done by staff or an import, the others by an order.',
    }),
    on_hand_delta: z.int(),
    reserved_delta: z.int(),
    on_hand_after: z.int(),
    reserved_after: z.int(),
    reason: z.string(),
    order_id: z.string().nullable(),
    actor_id: z.string().nullable().openapi({ description: 'Who adjusted.' }),
    created_at: z.iso.datetime(),
  })
  .openapi('StockMove', {
    example: {
      id: 'stm_01jqb3k5xwf7kt3qk5v1y6zj3m',
      product_id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m',
      kind: 'adjust',
      on_hand_delta: -2,
      reserved_delta: 0,
      on_hand_after: 23,
      reserved_after: 1,
      reason: 'damaged in the warehouse',
      order_id: null,
      actor_id: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m',
      created_at: '2026-11-22T10:15:00.000Z',
    },
  });

const adjustmentSchema = z
  .object({
    product_id: z.string(),
    stock: z.int().openapi({ description: 'Units that can be sold after the move.' }),
    stock_on_hand: z.int(),
    stock_reserved: z.int(),
    move: moveSchema,
  })
  .openapi('StockAdjustment');

const adjustmentInput = z
  .strictObject({
    delta: z
      .int()
      .min(-UNITS_MAX)
      .max(UNITS_MAX)
      .refine((delta) => delta !== 0, 'may not be 0')
      .openapi({ description: 'Units that came (positive) or went (negative).' }),
    reason: z.string().trim().min(1).max(200),
  })
  .openapi('StockAdjustmentInput', { example: { delta: -2, reason: 'damaged in the warehouse' } });

const adjustRoute = defineRoute({
  method: 'post',
  path: '/api/v1/products/{id}/stock',
  access: atLeast('staff', 'products:write'),
  summary: 'Adjust stock',
  description:
    'Adds or takes units on hand and logs why. With an Idempotency-Key the same adjustment happens once, for ever.',
  tags,
  request: {
    params: idParams,
    headers: optionalIdempotencyHeaders,
    body: { content: { 'application/json': { schema: adjustmentInput } } },
  },
  responses: {
    200: {
      description: 'The move, and the stock after it.',
      content: { 'application/json': { schema: adjustmentSchema } },
    },
  },
  problems: [404, 409],
});

const movesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/products/{id}/stock',
  access: atLeast('staff', 'products:read'),
  summary: 'List moves of stock',
  description: 'The append-only log, newest first: its sums are the stock.',
  tags,
  request: { params: idParams, query: z.strictObject(pageQuery) },
  responses: {
    200: { description: 'A page of moves.', content: { 'application/json': { schema: pageOf(moveSchema) } } },
  },
  problems: [404],
});

export function stockRoutes({ cache }: RouteDeps) {
  const router = createRouter();
  router.openapi(adjustRoute, async (c) => {
    const ctx = c.var.userCtx;
    const hasKey = (c.req.header('idempotency-key') ?? c.req.header('x-idempotency-key')) !== undefined;
    const { move, replayed } = await adjustStock(ctx, c.req.valid('param').id, {
      ...c.req.valid('json'),
      idempotencyKey: hasKey ? idempotencyKeyOf(c.req) : undefined,
    });
    cache.forgetProduct(ctx.tenantId, move.product_id);
    if (replayed) c.header(IDEMPOTENCY_REPLAYED_HEADER, 'true');
    const { product_id, on_hand_after: onHand, reserved_after: reserved } = move;
    const stock = { stock: onHand - reserved, stock_on_hand: onHand, stock_reserved: reserved };
    return c.json({ product_id, ...stock, move }, 200);
  });
  router.openapi(movesRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    const scope = `stock-moves ${id}`;
    const [before] =
      cursor === undefined ? [null] : decodeCursor(cursor, scope, z.tuple([z.string().max(64)]));
    const [products, moves] = await c.var.ctx.read((tx) =>
      Promise.all([findProducts(tx, [id]), listMoves(tx, id, before, limit + 1)]),
    );
    if (products.length === 0) throw productNotFound();
    return c.json(
      toPage(moves, limit, (last) => encodeCursor(scope, [last.id])),
      200,
    );
  });
  return router;
}
