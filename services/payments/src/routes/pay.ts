import { z } from '@hono/zod-openapi';
import { paymentMethod } from '@zoco/contracts';
import { createRouter, defineRoute, idempotencyHeaders, signedIn, textField } from '@zoco/service';
import { payOrder } from '../actions/pay-order.ts';
import type { RouteDeps } from '../app.ts';
import { paidSchema } from '../payment-view.ts';
import { keyedRequest, respond, visibleUserId, waitMsOf } from './request.ts';

const payInput = z
  .strictObject({
    order_id: textField(64),
    payment_method: paymentMethod,
    payment_token: textField(255).optional().openapi({
      description:
        'Token of the payment provider (`pm_…`), for one attempt. Without it the answer has the `client_secret` with which the browser confirms. Never card data.',
    }),
  })
  .openapi('PayOrder', {
    example: {
      order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m',
      payment_method: 'card',
      payment_token: 'pm_card_visa',
    },
  });

const content = { 'application/json': { schema: paidSchema } };

const pay = defineRoute({
  method: 'post',
  path: '/api/v1/payments',
  access: signedIn('payments:write'),
  summary: 'Pay an open order, or try again after a decline',
  description:
    'At most 5 attempts per order. 201 when it is paid, or waits for the buyer (`next_action`); 202 when the provider has not told in time: ask for the payment again; 402 when it was declined. An order by `transfer` says in its `transfer_to` where the money goes.',
  tags: ['payments'],
  request: { headers: idempotencyHeaders, body: { content: { 'application/json': { schema: payInput } } } },
  responses: {
    201: { description: 'The payment, paid or waiting for the buyer.', content },
    202: { description: 'The payment, of which the outcome is not known yet.', content },
  },
  problems: [402, 404, 409],
});

export function payRoutes({ payments, work, config }: RouteDeps) {
  const router = createRouter();
  router.openapi(pay, async (c) => {
    const body = c.req.valid('json');
    const input = {
      orderId: body.order_id,
      method: body.payment_method,
      token: body.payment_token,
      userId: visibleUserId(c.var.userCtx),
      waitMs: waitMsOf(c, config.PAYMENTS_REQUEST_WAIT_MS),
    };
    const request = keyedRequest(c, { operation: 'POST /payments', body });
    return respond<201 | 202>(await payOrder(c.var.userCtx, payments, work, input, request));
  });
  return router;
}
