import { z } from '@hono/zod-openapi';
import {
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  optionalIdempotencyHeaders,
  pageOf,
  pageQuery,
  signedIn,
  toPage,
  textField,
} from '@zoco/service';
import { cancelPayment } from '../actions/cancel-payment.ts';
import { settlePayment } from '../actions/settle-payment.ts';
import type { RouteDeps } from '../app.ts';
import { findPayment, listPayments } from '../db/payments.ts';
import { listRefunds } from '../db/refunds.ts';
import { paymentNotFound } from '../payment-not-found.ts';
import { paymentSchema, viewOf } from '../payment-view.ts';
import { PAYMENT_STATUSES } from '../rules/payment.ts';
import { maybeKeyedRequest, respond, visibleUserId, waitMsOf } from './request.ts';

const idParams = z.object({ id: z.string().max(64).openapi({ example: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m' }) });
const paymentAnswer = {
  200: { description: 'The payment.', content: { 'application/json': { schema: paymentSchema } } },
};

const list = defineRoute({
  method: 'get',
  path: '/api/v1/payments',
  access: signedIn('payments:read'),
  summary: 'List payments, newest first',
  description: 'Buyers see their own, staff see those of the shop.',
  tags: ['payments'],
  request: {
    query: z.strictObject({
      order_id: z.string().max(64).optional(),
      status: z.enum(PAYMENT_STATUSES).optional(),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of payments.',
      content: { 'application/json': { schema: pageOf(paymentSchema) } },
    },
  },
});

const get = defineRoute({
  method: 'get',
  path: '/api/v1/payments/{id}',
  access: signedIn('payments:read'),
  summary: 'Get a payment with its refunds',
  tags: ['payments'],
  request: { params: idParams },
  responses: paymentAnswer,
  problems: [404],
});

const cancel = defineRoute({
  method: 'post',
  path: '/api/v1/payments/{id}/cancel',
  access: signedIn('payments:write'),
  summary: 'End a payment that is still open',
  description:
    'Card payments only; one by transfer or on account ends with its order. The provider ends it first. Repeating it changes nothing; 409 when the money has come. The order stays as it is until it expires or is canceled.',
  tags: ['payments'],
  request: { params: idParams, headers: optionalIdempotencyHeaders },
  responses: paymentAnswer,
  problems: [404, 409],
});

const settleInput = z
  .strictObject({
    reference: textField(200).optional().openapi({ description: 'What the bank statement says.' }),
  })
  .openapi('SettlePayment', { example: { reference: 'transfer of 22 November, invoice 2026-000042' } });

const settle = defineRoute({
  method: 'post',
  path: '/api/v1/payments/{id}/settle',
  access: atLeast('staff', 'payments:write'),
  summary: 'Book the money of a transfer or of an order on account as received',
  description: 'Repeating it changes nothing.',
  tags: ['payments'],
  request: {
    params: idParams,
    headers: optionalIdempotencyHeaders,
    body: { content: { 'application/json': { schema: settleInput } } },
  },
  responses: paymentAnswer,
  problems: [404, 409],
});

export function paymentRoutes({ payments, work, config }: RouteDeps) {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { order_id: orderId, status, limit, cursor } = c.req.valid('query');
    const userId = visibleUserId(c.var.userCtx);
    const scope = ['payments', orderId ?? '', status ?? '', userId ?? ''].join('|');
    const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope, z.tuple([z.string()]));
    const { found, refunds } = await c.var.ctx.read(async (tx) => {
      const rows = await listPayments(tx, { orderId, status, userId, after, limit });
      const ids = rows.filter(({ refundRequestedCents }) => refundRequestedCents > 0).map(({ id }) => id);
      return { found: rows, refunds: await listRefunds(tx, ids) };
    });
    const page = toPage(found, limit, ({ id }) => encodeCursor(scope, [id]));
    return c.json({ ...page, data: page.data.map((payment) => viewOf(payment, refunds)) }, 200);
  });
  router.openapi(get, async (c) => {
    const { id } = c.req.valid('param');
    const [payment, refunds] = await c.var.ctx.read((tx) =>
      Promise.all([findPayment(tx, id, visibleUserId(c.var.userCtx)), listRefunds(tx, [id])]),
    );
    if (payment === undefined) throw paymentNotFound();
    return c.json(viewOf(payment, refunds), 200);
  });
  router.openapi(cancel, async (c) => {
    const { id: paymentId } = c.req.valid('param');
    const request = maybeKeyedRequest(c, { operation: 'POST /payments/{id}/cancel', body: { paymentId } });
    const userId = visibleUserId(c.var.userCtx);
    const waitMs = waitMsOf(c, config.PAYMENTS_REQUEST_WAIT_MS);
    return respond<200>(
      await cancelPayment(c.var.userCtx, payments, work, { paymentId, userId, waitMs }, request),
    );
  });
  router.openapi(settle, async (c) => {
    const { id: paymentId } = c.req.valid('param');
    const { reference } = c.req.valid('json');
    const body = { paymentId, reference };
    const request = maybeKeyedRequest(c, { operation: 'POST /payments/{id}/settle', body });
    return respond<200>(await settlePayment(c.var.userCtx, { paymentId, reference }, request));
  });
  return router;
}
