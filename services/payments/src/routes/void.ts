import { z } from '@hono/zod-openapi';
import { voidPaymentResponse } from '@zoco/contracts';
import { isId, Problem } from '@zoco/kernel';
import { createRouter, defineRoute, internal } from '@zoco/service';
import { voidPayment } from '../actions/void-payment.ts';
import type { RouteDeps } from '../app.ts';
import { waitMsOf } from './request.ts';

const voidRoute = defineRoute({
  method: 'post',
  path: '/internal/payments/{order_id}/void',
  access: internal('voidPayment'),
  summary: 'Make certain that no money can come for an order any more',
  description:
    'Answers `captured` when it came first. Safe to repeat, and before the order is known here. 503 while the provider does not tell.',
  tags: ['internal'],
  request: { params: z.object({ order_id: z.string().max(64) }) },
  responses: {
    200: {
      description: 'What became of the payment.',
      content: { 'application/json': { schema: voidPaymentResponse } },
    },
  },
});

export function voidRoutes({ payments, work, config }: RouteDeps) {
  const router = createRouter();
  router.openapi(voidRoute, async (c) => {
    const { order_id: orderId } = c.req.valid('param');
    if (!isId('order', orderId)) {
      throw new Problem('invalid', 'request_invalid', 'The request is not valid.', {
        errors: [{ field: 'order_id', code: 'custom', detail: 'must be an order id' }],
      });
    }
    const waitMs = waitMsOf(c, config.PAYMENTS_REQUEST_WAIT_MS);
    return c.json(await voidPayment(c.var.ctx, payments, work, orderId, waitMs), 200);
  });
  return router;
}
