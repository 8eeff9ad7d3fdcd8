import { orderState, placeOrderRequest } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import {
  type AppEnv,
  createRouter,
  defineRoute,
  idempotencyHeaders,
  idempotencyKeyOf,
  internal,
} from '@zoco/service';
import type { Context } from 'hono';
import { placeOrder } from '../actions/place-order.ts';
import { findOrder } from '../db/order.ts';
import { orderNotFound } from '../order-not-found.ts';
import type { OrderDeps } from '../order-deps.ts';
import { type OrderView, orderView } from '../order-view.ts';
import { answerStored, kept } from './answer-stored.ts';
import { orderParams } from './orders.ts';
import { PLACE_ORDER_BYTES_MAX } from './place-order-body.ts';

const tags = ['internal'];

const place = defineRoute({
  method: 'post',
  path: '/internal/orders',
  access: internal('placeOrder'),
  summary: 'A cart becomes an order',
  description:
    'On behalf of the buyer, whose access token comes as `Authorization` and whose key as `Idempotency-Key`.',
  tags,
  jsonBytesMax: PLACE_ORDER_BYTES_MAX,
  request: {
    headers: idempotencyHeaders,
    body: { content: { 'application/json': { schema: placeOrderRequest } } },
  },
  responses: {
    201: { description: 'The order.', content: { 'application/json': { schema: orderView } } },
    404: kept.missing,
    409: kept.refused,
    410: kept.gone,
    413: kept.large,
    422: kept.invalid,
  },
});

const state = defineRoute({
  method: 'get',
  path: '/internal/orders/{order_id}/state',
  access: internal('getOrderState'),
  summary: 'What became of an order',
  tags,
  request: { params: orderParams },
  responses: {
    200: { description: 'Its status.', content: { 'application/json': { schema: orderState } } },
  },
  problems: [404],
});

export function internalRoutes(deps: OrderDeps) {
  return createRouter()
    .openapi(place, async (c) => {
      const key = idempotencyKeyOf(c.req);
      const body = c.req.valid('json');
      const answer = await placeOrder(buyerCtx(c), deps, {
        operation: 'POST /internal/orders',
        key,
        body,
        items: body.items,
        customerId: null,
        reference: null,
        cartId: body.cart_id,
        paymentMethod: body.payment_method,
        paymentToken: body.payment_token ?? null,
        shippingAddress: body.shipping_address ?? null,
        orchestration: null,
      });
      return answerStored<OrderView, 201>(c, answer, 201);
    })
    .openapi(state, async (c) => {
      const order = await tenantCtx(c).read((tx) => findOrder(tx, c.req.valid('param').order_id));
      if (order === undefined) throw orderNotFound();
      return c.json({ order_id: order.id, status: order.status }, 200);
    });
}

/** Internal routes know tenant and user only when the caller named them. */
type MaybeCtx = Partial<Pick<AppEnv['Variables'], 'ctx' | 'userCtx'>>;

function buyerCtx(c: Context<AppEnv>) {
  const { userCtx }: MaybeCtx = c.var;
  if (userCtx === undefined)
    throw new Problem('unauthenticated', 'token_missing', 'Send the access token of the buyer along.');
  return userCtx;
}

function tenantCtx(c: Context<AppEnv>) {
  const { ctx }: MaybeCtx = c.var;
  if (ctx === undefined)
    throw new Problem('malformed', 'tenant_missing', 'Name the tenant: header X-Tenant.');
  return ctx;
}
