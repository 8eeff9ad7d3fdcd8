import { z } from '@hono/zod-openapi';
import {
  idField,
  productLookup,
  productLookupRequest,
  reservation,
  reservationRequest,
} from '@zoco/contracts';
import { createRouter, defineRoute, internal } from '@zoco/service';
import { releaseReservation } from '../actions/release-reservation.ts';
import { reserveStock } from '../actions/reserve-stock.ts';
import type { RouteDeps } from '../app.ts';
import { findProducts } from '../db/products.ts';
import { snapshotOf } from '../product-events.ts';

const tags = ['internal'];
// The most lines of a reservation: ids and quantities.
const JSON_BYTES_MAX = 256 * 1024;

const orderParams = z.object({ order_id: idField('order') });

const reserveRoute = defineRoute({
  method: 'put',
  path: '/internal/reservations/{order_id}',
  access: internal('reserve'),
  summary: 'Reserve the stock of an order',
  description:
    'All lines or none. The same order with the same lines gets the same answer at any time, until it is released.',
  tags,
  jsonBytesMax: JSON_BYTES_MAX,
  request: {
    params: orderParams,
    body: { content: { 'application/json': { schema: reservationRequest } } },
  },
  responses: {
    200: {
      description: 'Held, with the prices that the order must use.',
      content: { 'application/json': { schema: reservation } },
    },
  },
  problems: [409],
});

const releaseRoute = defineRoute({
  method: 'delete',
  path: '/internal/reservations/{order_id}',
  access: internal('release'),
  summary: 'Release the stock of an order',
  description: 'Repeatable, and before any reserve: one that comes later is refused.',
  tags,
  request: { params: orderParams },
  responses: { 204: { description: 'The order holds nothing, and never will.' } },
  problems: [409],
});

const lookupRoute = defineRoute({
  method: 'post',
  path: '/internal/products/lookup',
  access: internal('lookupProducts'),
  summary: 'Look up products',
  description:
    'Price and availability of many products in one call; those that are not on sale are left out.',
  tags,
  request: { body: { content: { 'application/json': { schema: productLookupRequest } } } },
  responses: {
    200: {
      description: 'The products, in the order of the ids.',
      content: { 'application/json': { schema: productLookup } },
    },
  },
});

export function internalRoutes({ cache, failpoint }: RouteDeps) {
  const router = createRouter();
  router.openapi(reserveRoute, async (c) => {
    const { ctx } = c.var;
    const { order_id: orderId } = c.req.valid('param');
    const held = await reserveStock(ctx, orderId, c.req.valid('json').lines, failpoint);
    failpoint('catalog-reserve-done');
    for (const { product_id } of held.lines) cache.forgetStock(ctx.tenantId, product_id);
    return c.json(held, 200);
  });
  router.openapi(releaseRoute, async (c) => {
    const { ctx } = c.var;
    const changed = await releaseReservation(ctx, c.req.valid('param').order_id, failpoint);
    for (const id of changed) cache.forgetStock(ctx.tenantId, id);
    return c.body(null, 204);
  });
  router.openapi(lookupRoute, async (c) => {
    const { ctx } = c.var;
    const ids = [...new Set(c.req.valid('json').product_ids)];
    const rows = await cache.products(ctx.tenantId, ids, (missing) =>
      ctx.read((tx) => findProducts(tx, missing)),
    );
    const data = rows.map((row) => ({ ...snapshotOf(row, ctx.tenant), stock: row.on_hand - row.reserved }));
    return c.json({ data }, 200);
  });
  return router;
}
