import { z } from '@hono/zod-openapi';
import {
  atLeast,
  createRouter,
  defineRoute,
  hasRole,
  idempotencyHeaders,
  idempotencyKeyOf,
  signedIn,
  textField,
} from '@zoco/service';
import { cancelOrder } from '../actions/cancel-order.ts';
import { confirmOrder } from '../actions/confirm-order.ts';
import { deliverOrder } from '../actions/deliver-order.ts';
import { shipOrder } from '../actions/ship-order.ts';
import type { OrderDeps } from '../order-deps.ts';
import { type OrderView, orderView, viewOf } from '../order-view.ts';
import { answerStored, kept } from './answer-stored.ts';
import { orderParams } from './orders.ts';

const tags = ['orders'];
const shown = (description: string) => ({
  description,
  content: { 'application/json': { schema: orderView } },
});

const confirm = defineRoute({
  method: 'post',
  path: '/api/v1/orders/{order_id}/confirm',
  access: atLeast('staff', 'orders:write'),
  summary: 'Confirm an order that is paid later',
  description:
    'For `on_account` and `transfer`; card orders are confirmed by their payment. Needs an `Idempotency-Key`.',
  tags,
  request: { params: orderParams, headers: idempotencyHeaders },
  responses: {
    200: shown('The confirmed order.'),
    404: kept.missing,
    409: kept.refused,
    410: kept.gone,
    413: kept.large,
    422: kept.invalid,
  },
});

const cancel = defineRoute({
  method: 'post',
  path: '/api/v1/orders/{order_id}/cancel',
  access: signedIn('orders:write'),
  summary: 'Cancel an order',
  description:
    'Buyers: before it is paid, and afterwards until `cancel_until`. Staff: until it is shipped. A paid order is `cancel_pending` until the money is back. May be repeated.',
  tags,
  request: {
    params: orderParams,
    body: {
      content: {
        'application/json': {
          schema: z
            .strictObject({ reason: textField(200).optional() })
            .openapi('CancelOrder', { example: { reason: 'ordered twice' } }),
        },
      },
    },
  },
  responses: { 200: shown('The order as it is now.') },
  problems: [404, 409],
});

const ship = defineRoute({
  method: 'post',
  path: '/api/v1/orders/{order_id}/ship',
  access: atLeast('staff', 'orders:write'),
  summary: 'Note that an order was shipped',
  description: 'May be repeated with the same carrier and tracking.',
  tags,
  request: {
    params: orderParams,
    body: {
      content: {
        'application/json': {
          schema: z
            .strictObject({ carrier: textField(100).optional(), tracking: textField(100).optional() })
            .openapi('ShipOrder', { example: { carrier: 'Correos', tracking: 'PQ4F6X0' } }),
        },
      },
    },
  },
  responses: { 200: shown('The shipped order.') },
  problems: [404, 409],
});

const deliver = defineRoute({
  method: 'post',
  path: '/api/v1/orders/{order_id}/deliver',
  access: atLeast('staff', 'orders:write'),
  summary: 'Note that an order arrived',
  description: 'May be repeated.',
  tags,
  request: { params: orderParams },
  responses: { 200: shown('The delivered order.') },
  problems: [404, 409],
});

export function orderStepRoutes(deps: OrderDeps) {
  return createRouter()
    .openapi(confirm, async (c) => {
      const answer = await confirmOrder(c.var.userCtx, deps, {
        key: idempotencyKeyOf(c.req),
        orderId: c.req.valid('param').order_id,
      });
      return answerStored<OrderView, 200>(c, answer, 200);
    })
    .openapi(cancel, async (c) => {
      const ctx = c.var.userCtx;
      const order = await cancelOrder(ctx, deps, {
        orderId: c.req.valid('param').order_id,
        by: hasRole(ctx.principal.roles, 'staff') ? 'staff' : 'buyer',
        reason: c.req.valid('json').reason,
      });
      return c.json(viewOf(order, c.var.userCtx.tenant), 200);
    })
    .openapi(ship, async (c) => {
      const { carrier = null, tracking = null } = c.req.valid('json');
      const order = await shipOrder(c.var.userCtx, c.req.valid('param').order_id, { carrier, tracking });
      return c.json(viewOf(order, c.var.userCtx.tenant), 200);
    })
    .openapi(deliver, async (c) => {
      const order = await deliverOrder(c.var.userCtx, c.req.valid('param').order_id);
      return c.json(viewOf(order, c.var.userCtx.tenant), 200);
    });
}
