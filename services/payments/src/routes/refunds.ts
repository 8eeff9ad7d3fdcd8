import { z } from '@hono/zod-openapi';
import { CENTS_MAX } from '@zoco/kernel';
import { atLeast, createRouter, defineRoute, idempotencyHeaders, textField } from '@zoco/service';
import { refundPayment } from '../actions/refund-payment.ts';
import type { RouteDeps } from '../app.ts';
import { refundSchema } from '../payment-view.ts';
import { keyedRequest, respond, waitMsOf } from './request.ts';

const refundInput = z
  .strictObject({
    amount_cents: z
      .int()
      .min(1)
      .max(CENTS_MAX)
      .optional()
      .openapi({ description: 'Default: all that is left.' }),
    reason: textField(200),
  })
  .openapi('RefundPayment', { example: { amount_cents: 1299, reason: 'one book was damaged' } });

const refund = defineRoute({
  method: 'post',
  path: '/api/v1/payments/{id}/refunds',
  access: atLeast('staff', 'payments:write'),
  summary: 'Give money back, in part or all that is left',
  description: 'Needs an `Idempotency-Key`: repeated with it, it is the same refund.',
  tags: ['payments'],
  request: {
    params: z.object({ id: z.string().max(64) }),
    headers: idempotencyHeaders,
    body: { content: { 'application/json': { schema: refundInput } } },
  },
  responses: {
    201: { description: 'The refund.', content: { 'application/json': { schema: refundSchema } } },
  },
  problems: [404, 409],
});

export function refundRoutes({ payments, work, config }: RouteDeps) {
  const router = createRouter();
  router.openapi(refund, async (c) => {
    const { id: paymentId } = c.req.valid('param');
    const { amount_cents: amountCents, reason } = c.req.valid('json');
    const request = keyedRequest(c, {
      operation: 'POST /payments/{id}/refunds',
      body: { paymentId, amountCents, reason },
    });
    const input = { paymentId, amountCents, reason, waitMs: waitMsOf(c, config.PAYMENTS_REQUEST_WAIT_MS) };
    return respond<201>(await refundPayment(c.var.userCtx, payments, work, input, request));
  });
  return router;
}
