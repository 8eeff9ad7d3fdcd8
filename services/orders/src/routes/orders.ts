import { z } from '@hono/zod-openapi';
import { orderStatus } from '@zoco/contracts';
import {
  createRouter,
  defineRoute,
  hasRole,
  idempotencyHeaders,
  idempotencyKeyOf,
  pageOf,
  signedIn,
  type UserCtx,
} from '@zoco/service';
import { placeOrder } from '../actions/place-order.ts';
import { historyOf } from '../db/history.ts';
import { findOrder } from '../db/order.ts';
import { listOrders } from '../db/order-list.ts';
import { orderNotFound } from '../order-not-found.ts';
import type { OrderDeps } from '../order-deps.ts';
import { type OrderView, orderView, viewOf } from '../order-view.ts';
import { answerStored, kept } from './answer-stored.ts';
import { dayOrTime } from './day-or-time.ts';
import { orderPageQuery } from './order-page-query.ts';
import { customerIdOf, PLACE_ORDER_BYTES_MAX, placeOrderBody } from './place-order-body.ts';

const tags = ['orders'];
export const orderParams = z.object({ order_id: z.string().max(64) });
const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});

const place = defineRoute({
  method: 'post',
  path: '/api/v1/orders',
  access: signedIn('orders:write'),
  summary: 'Place an order',
  description:
    'Prices, taxes and shipping are the shop’s; stock is reserved until `expires_at`. Needs an `Idempotency-Key`: the same key with the same body gives the same answer, byte for byte, for 24 hours.',
  tags,
  jsonBytesMax: PLACE_ORDER_BYTES_MAX,
  request: {
    headers: idempotencyHeaders,
    body: { content: { 'application/json': { schema: placeOrderBody } } },
  },
  responses: {
    201: json('The order, waiting for payment.', orderView),
    404: kept.missing,
    409: kept.refused,
    410: kept.gone,
    413: kept.large,
    422: kept.invalid,
  },
});

const list = defineRoute({
  method: 'get',
  path: '/api/v1/orders',
  access: signedIn('orders:read'),
  summary: 'List orders, newest first',
  description: 'Buyers see their own, staff all of the shop.',
  tags,
  request: {
    query: z.strictObject({
      ...orderPageQuery,
      status: orderStatus.optional(),
      from: dayOrTime.optional().openapi({
        description: 'Placed from this moment, or this day by the shop’s clocks, on.',
        example: '2026-11-01',
      }),
      to: dayOrTime.optional().openapi({
        description: 'Placed before this moment, or up to the end of this day.',
        example: '2026-11-30',
      }),
      customer_id: z.string().max(64).optional().openapi({ description: 'B2B orders of this customer.' }),
    }),
  },
  responses: { 200: json('A page of orders.', pageOf(orderView)) },
});

const get = defineRoute({
  method: 'get',
  path: '/api/v1/orders/{order_id}',
  access: signedIn('orders:read'),
  summary: 'Get one order',
  tags,
  request: { params: orderParams },
  responses: { 200: json('The order.', orderView) },
  problems: [404],
});

const history = defineRoute({
  method: 'get',
  path: '/api/v1/orders/{order_id}/history',
  access: signedIn('orders:read'),
  summary: 'What happened to an order',
  description: 'Every version of it, oldest first. Buyers do not see who of the staff did it.',
  tags,
  request: { params: orderParams },
  responses: {
    200: json(
      'All changes.',
      z.object({
        data: z.array(
          z.object({
            version: z.int(),
            from_status: orderStatus.nullable(),
            to_status: orderStatus,
            payment_status: orderView.shape.payment_status,
            reason: z.string().nullable(),
            changed_by: z.string().openapi({
              description: 'A user, an API key, or a part of the system: `payments`, `sweeper`, `staff`.',
            }),
            at: z.iso.datetime(),
          }),
        ),
      }),
    ),
  },
  problems: [404],
});

/** Whose orders a user may see: their own, or, as staff, all of the shop. */
export function ownerFilter({ principal }: UserCtx): string | undefined {
  return hasRole(principal.roles, 'staff') ? undefined : principal.id;
}

export function orderRoutes(deps: OrderDeps) {
  return createRouter()
    .openapi(place, async (c) => {
      const key = idempotencyKeyOf(c.req);
      const body = c.req.valid('json');
      const answer = await placeOrder(c.var.userCtx, deps, {
        operation: 'POST /api/v1/orders',
        key,
        body,
        items: body.items,
        customerId: body.customer_id === undefined ? null : customerIdOf(body.customer_id),
        reference: body.reference ?? null,
        cartId: null,
        paymentMethod: body.payment_method,
        paymentToken: body.payment_token ?? null,
        shippingAddress: body.shipping_address ?? null,
        orchestration: null,
      });
      return answerStored<OrderView, 201>(c, answer, 201, (order) => order);
    })
    .openapi(list, async (c) => {
      const { status, from, to, customer_id: customerId, limit, cursor } = c.req.valid('query');
      const ctx = c.var.userCtx;
      const filter = {
        statuses: status === undefined ? undefined : [status],
        userId: ownerFilter(ctx),
        customerId,
        from,
        to,
        timeZone: ctx.tenant.time_zone,
      };
      const page = await ctx.read((tx) => listOrders(tx, filter, { limit, cursor }));
      return c.json({ ...page, data: page.data.map((order) => viewOf(order, ctx.tenant)) }, 200);
    })
    .openapi(get, async (c) => {
      const ctx = c.var.userCtx;
      const order = await ctx.read((tx) => findOrder(tx, c.req.valid('param').order_id, ownerFilter(ctx)));
      if (order === undefined) throw orderNotFound();
      return c.json(viewOf(order, ctx.tenant), 200);
    })
    .openapi(history, async (c) => {
      const ctx = c.var.userCtx;
      const { order_id: id } = c.req.valid('param');
      const owner = ownerFilter(ctx);
      const [order, transitions] = await ctx.read((tx) =>
        Promise.all([findOrder(tx, id, owner), historyOf(tx, id)]),
      );
      if (order === undefined) throw orderNotFound();
      const data = transitions.map((one) => ({
        version: one.version,
        from_status: one.fromStatus,
        to_status: one.toStatus,
        payment_status: one.paymentStatus,
        reason: one.reason,
        changed_by: owner === undefined || one.changedBy === owner ? one.changedBy : actorFor(one.changedBy),
        at: one.at.toISOString(),
      }));
      return c.json({ data }, 200);
    });
}

/** People and keys of the shop are `staff` to a buyer. */
const actorFor = (changedBy: string) => (/^(usr|key)_/.test(changedBy) ? 'staff' : changedBy);
