import { z } from '@hono/zod-openapi';
import { paymentMethod } from '@zoco/contracts';
import type { Payment } from './db/payments.ts';
import type { Refund } from './db/refunds.ts';
import { PAYMENT_STATUSES } from './rules/payment.ts';

const time = () => z.iso.datetime().nullable();

export const refundSchema = z
  .object({
    id: z.string(),
    payment_id: z.string(),
    amount_cents: z.int(),
    currency: z.string(),
    reason: z.string(),
    status: z.enum(['pending', 'succeeded', 'failed']).openapi({
      description:
        '`pending` until the provider has sent the money; a refund that the bank sends back is tried again.',
    }),
    created_at: z.iso.datetime(),
    refunded_at: time(),
  })
  .openapi('Refund', {
    example: {
      id: 'ref_01jqb3k5xwf7kt3qk5v1y6zj3m',
      payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
      amount_cents: 1299,
      currency: 'EUR',
      reason: 'one book was damaged',
      status: 'succeeded',
      created_at: '2026-11-22T10:20:00.000Z',
      refunded_at: '2026-11-22T10:20:01.000Z',
    },
  });
export type RefundView = z.infer<typeof refundSchema>;

const nextAction = z
  .object({ type: z.literal('redirect_to_url'), url: z.url() })
  .openapi({ description: 'Where the buyer has to go, to authenticate the payment with their bank.' });

const paymentFields = {
  id: z.string(),
  order_id: z.string(),
  payment_method: paymentMethod,
  amount_cents: z.int(),
  currency: z.string(),
  status: z.enum(PAYMENT_STATUSES).openapi({
    description:
      '`pending` waits for the provider, or for money by transfer or on account; `requires_payment_method` (after a decline) and `requires_action` wait for the buyer.',
  }),
  captured_cents: z.int(),
  refunded_cents: z.int(),
  attempts: z.int().openapi({ description: 'Attempts to charge it, at most 5.' }),
  last_error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  next_action: nextAction.nullable(),
  refunds: z.array(refundSchema),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  succeeded_at: time(),
  canceled_at: time(),
  version: z.int(),
};

const example = {
  id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
  order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m',
  payment_method: 'card' as const,
  amount_cents: 2948,
  currency: 'EUR',
  status: 'succeeded' as const,
  captured_cents: 2948,
  refunded_cents: 0,
  attempts: 1,
  last_error: null,
  next_action: null,
  refunds: [],
  created_at: '2026-11-22T10:15:00.000Z',
  updated_at: '2026-11-22T10:15:01.000Z',
  succeeded_at: '2026-11-22T10:15:01.000Z',
  canceled_at: null,
  version: 2,
};

export const paymentSchema = z.object(paymentFields).openapi('Payment', { example });
export type PaymentView = z.infer<typeof paymentSchema>;

export const paidSchema = z
  .object({
    ...paymentFields,
    client_secret: z.string().nullable().openapi({
      description: 'For the browser, to confirm the payment with the provider itself; null once it is done.',
    }),
  })
  .openapi('PaidPayment', { example: { ...example, client_secret: null } });

/** @param refunds of this payment, or of several */
export function viewOf(payment: Payment, refunds: readonly Refund[]): PaymentView {
  return {
    id: payment.id,
    order_id: payment.orderId,
    payment_method: payment.method,
    amount_cents: payment.amountCents,
    currency: payment.currency,
    status: payment.status,
    captured_cents: payment.capturedCents,
    refunded_cents: payment.refundedCents,
    attempts: Math.max(payment.attempt, payment.failures),
    last_error:
      payment.errorCode === null ? null : { code: payment.errorCode, detail: payment.errorDetail ?? '' },
    next_action:
      payment.nextActionUrl === null ? null : { type: 'redirect_to_url', url: payment.nextActionUrl },
    refunds: refunds
      .filter(({ paymentId }) => paymentId === payment.id)
      .map((refund) => refundViewOf(refund, payment.currency)),
    created_at: payment.createdAt.toISOString(),
    updated_at: payment.updatedAt.toISOString(),
    succeeded_at: payment.succeededAt?.toISOString() ?? null,
    canceled_at: payment.canceledAt?.toISOString() ?? null,
    version: payment.version,
  };
}

export function refundViewOf(refund: Refund, currency: string): RefundView {
  return {
    id: refund.id,
    payment_id: refund.paymentId,
    amount_cents: refund.amountCents,
    currency,
    reason: refund.reason,
    status: refund.status,
    created_at: refund.createdAt.toISOString(),
    refunded_at: refund.refundedAt?.toISOString() ?? null,
  };
}
