import { z } from 'zod';
import { defineEvent } from './event.ts';
import { centsField, currencyField, exampleId, idField, timeField } from './fields.ts';
import { paymentMethod } from './orders.ts';

const paymentReference = z.object({
  payment_id: idField('payment'),
  order_id: idField('order'),
  amount_cents: centsField,
  currency: currencyField,
  method: paymentMethod,
});

const examplePayment: z.input<typeof paymentReference> = {
  payment_id: exampleId('payment'),
  order_id: exampleId('order'),
  amount_cents: 2948,
  currency: 'EUR',
  method: 'card',
};

export const paymentCreated = defineEvent({
  type: 'payment.created',
  producer: 'payments',
  summary: 'A payment exists for an order and waits for the buyer or the provider.',
  data: paymentReference,
  example: examplePayment,
});

export const paymentSucceeded = defineEvent({
  type: 'payment.succeeded',
  producer: 'payments',
  summary: 'The money of an order was captured or received.',
  data: paymentReference.extend({ succeeded_at: timeField }),
  example: { ...examplePayment, succeeded_at: '2026-11-22T10:15:01.000Z' },
});

export const paymentFailed = defineEvent({
  type: 'payment.failed',
  producer: 'payments',
  summary: 'An attempt was declined; the buyer may try again until the order expires.',
  data: paymentReference.extend({ attempt: z.int().positive(), code: z.string(), detail: z.string() }),
  example: { ...examplePayment, attempt: 1, code: 'card_declined', detail: 'Your card was declined.' },
});

export const paymentCanceled = defineEvent({
  type: 'payment.canceled',
  producer: 'payments',
  summary: 'The payment was ended before any money moved.',
  data: paymentReference.extend({ reason: z.string() }),
  example: { ...examplePayment, reason: 'order_expired' },
});

export const paymentRefunded = defineEvent({
  type: 'payment.refunded',
  producer: 'payments',
  summary: 'Money went back to the buyer; `refunded_total_cents` counts all refunds of the payment so far.',
  data: paymentReference.extend({
    refund_id: idField('refund'),
    refund_cents: centsField,
    refunded_total_cents: centsField,
    reason: z.string(),
    refunded_at: timeField,
  }),
  example: {
    ...examplePayment,
    refund_id: exampleId('refund'),
    refund_cents: 2948,
    refunded_total_cents: 2948,
    reason: 'order_canceled',
    refunded_at: '2026-11-22T10:20:01.000Z',
  },
});

/** `POST /internal/payments/{order_id}/void`: ends what has not captured; safe to repeat, and before any payment exists. */
export const voidPaymentResponse = z.object({ outcome: z.enum(['voided', 'captured']) });
export type VoidPaymentResponse = z.infer<typeof voidPaymentResponse>;
