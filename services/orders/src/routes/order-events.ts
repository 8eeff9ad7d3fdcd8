import { z } from '@hono/zod-openapi';
import { ACCESS_TOKEN_SECONDS, createRouter, defineRoute, signedIn } from '@zoco/service';
import { findOrder } from '../db/order.ts';
import { orderNotFound } from '../order-not-found.ts';
import { type OrderStreams, OWN_STREAMS_MAX } from '../order-streams.ts';
import { isFinal } from '../rules/order.ts';
import { orderParams, ownerFilter } from './orders.ts';

const events = defineRoute({
  method: 'get',
  path: '/api/v1/orders/{order_id}/events',
  access: signedIn('orders:read'),
  summary: 'Watch an order live',
  description: `Server-sent events named \`order\`: the order as it is now, then each newer version, whose number is the event’s id. Ends with a final state, or with the access token: come back with \`Last-Event-ID\`. With ${OWN_STREAMS_MAX} streams open a caller gets 429 \`stream_limit_own\`.`,
  tags: ['orders'],
  request: {
    params: orderParams,
    headers: z.object({
      'last-event-id': z.string().max(20).optional().openapi({ description: 'Version that was seen last.' }),
    }),
  },
  responses: {
    200: {
      description: 'The stream.',
      content: {
        'text/event-stream': {
          schema: z
            .string()
            .openapi({ example: 'id: 2\nevent: order\ndata: {"id":"ord_…","status":"created"}\n\n' }),
        },
      },
    },
    204: { description: 'The order is final and its last version was seen: do not come back.' },
  },
  problems: [404],
});

export function orderEventRoutes(streams: OrderStreams) {
  return createRouter().openapi(events, async (c) => {
    const ctx = c.var.userCtx;
    const { order_id: id } = c.req.valid('param');
    const read = () => ctx.read((tx) => findOrder(tx, id, ownerFilter(ctx)));
    const order = await read();
    if (order === undefined) throw orderNotFound();
    const seenVersion = seenVersionOf(c.req.valid('header')['last-event-id']);
    if (isFinal(order.status) && seenVersion >= order.version) return c.body(null, 204);
    const tokenEndsMs = (ctx.principal.issuedAtSeconds + ACCESS_TOKEN_SECONDS) * 1000;
    const stream = streams.open({
      tenant: ctx.tenant,
      principalId: ctx.principal.id,
      orderId: id,
      seenVersion,
      lifeMs: Math.max(0, tokenEndsMs - ctx.now().getTime()),
      read,
    });
    return c.body(stream, 200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx would hold the events back.
      'x-accel-buffering': 'no',
    });
  });
}

/** What is no version counts as none: the client then gets the order once more. */
function seenVersionOf(lastEventId: string | undefined): number {
  return lastEventId !== undefined && /^\d{1,9}$/.test(lastEventId) ? Number(lastEventId) : 0;
}
