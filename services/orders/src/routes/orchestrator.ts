import { z } from '@hono/zod-openapi';
import { customerSnapshot, exampleId } from '@zoco/contracts';
import { atLeast, createRouter, defineRoute } from '@zoco/service';
import { placeOrder } from '../actions/place-order.ts';
import type { OrderDeps } from '../order-deps.ts';
import { orderView } from '../order-view.ts';
import { answerStored, kept } from './answer-stored.ts';
import { customerIdOf, orchestratedItems, PLACE_ORDER_BYTES_MAX } from './place-order-body.ts';

const orchestrated = z
  .object({
    success: z.literal(true),
    correlation_id: z.string(),
    data: z.object({ customer: customerSnapshot, order: orderView }),
  })
  .openapi('OrchestratedOrder');

const createAndConfirm = defineRoute({
  method: 'post',
  path: '/api/v1/orchestrator/create-and-confirm-order',
  access: atLeast('staff', 'orders:write'),
  summary: 'Create and confirm a B2B order in one call',
  description:
    'The order is on account, created and confirmed in one transaction. `idempotency_key` works as the header does elsewhere; `correlation_id` comes back as it was first sent.',
  tags: ['orders'],
  jsonBytesMax: PLACE_ORDER_BYTES_MAX,
  request: {
    body: {
      content: {
        'application/json': {
          schema: z
            .strictObject({
              customer_id: z.string().max(64),
              items: orchestratedItems,
              idempotency_key: z
                .string()
                .regex(/^[\x21-\x7e]{16,255}$/, 'must have 16 to 255 visible ASCII characters'),
              correlation_id: z.string().trim().min(1).max(128).optional(),
            })
            .openapi('CreateAndConfirmOrder', {
              example: {
                customer_id: exampleId('customer'),
                items: [{ product_id: exampleId('product'), quantity: 3 }],
                idempotency_key: 'purchase-order-2026-0117',
                correlation_id: 'req-12345',
              },
            }),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'The customer and the confirmed order.',
      content: { 'application/json': { schema: orchestrated } },
    },
    404: kept.missing,
    409: kept.refused,
    410: kept.gone,
    413: kept.large,
    422: kept.invalid,
  },
});

export function orchestratorRoutes(deps: OrderDeps) {
  return createRouter().openapi(createAndConfirm, async (c) => {
    const body = c.req.valid('json');
    const items = body.items.map((item) => ({
      product_id: item.product_id,
      quantity: item.quantity ?? item.qty ?? 0,
    }));
    const answer = await placeOrder(c.var.userCtx, deps, {
      operation: 'POST /api/v1/orchestrator/create-and-confirm-order',
      key: body.idempotency_key,
      // Another correlation id does not make it another order.
      body: { customer_id: body.customer_id, items },
      items,
      customerId: customerIdOf(body.customer_id),
      reference: null,
      cartId: null,
      paymentMethod: 'on_account',
      paymentToken: null,
      shippingAddress: null,
      orchestration: { correlation_id: body.correlation_id ?? c.var.requestId },
    });
    return answerStored<z.infer<typeof orchestrated>, 201>(c, answer, 201, ({ data }) => data.order);
  });
}
