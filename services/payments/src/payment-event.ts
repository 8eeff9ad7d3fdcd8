import {
  paymentCanceled,
  paymentCreated,
  paymentFailed,
  paymentRefunded,
  paymentSucceeded,
} from '@zoco/contracts';
import { type Cause, record } from '@zoco/events';
import type { Tx } from '@zoco/postgres';
import type { Payment } from './db/payments.ts';
import type { Refund } from './db/refunds.ts';

type Told = Pick<Payment, 'id' | 'orderId' | 'amountCents' | 'currency' | 'method'>;

const reference = (payment: Told) => ({
  payment_id: payment.id,
  order_id: payment.orderId,
  amount_cents: payment.amountCents,
  currency: payment.currency,
  method: payment.method,
});

/** Each tells of the change that gave the payment this version. */
export const tellCreated = (tx: Tx, payment: Told, version: number, cause?: Cause) =>
  record(tx, paymentCreated, { aggregateId: payment.id, version, data: reference(payment), cause });

export const tellSucceeded = (tx: Tx, payment: Told, version: number, at: Date, cause?: Cause) =>
  record(tx, paymentSucceeded, {
    aggregateId: payment.id,
    version,
    data: { ...reference(payment), succeeded_at: at.toISOString() },
    cause,
  });

export const tellFailed = (
  tx: Tx,
  payment: Told,
  version: number,
  failure: { attempt: number; code: string; detail: string },
) =>
  record(tx, paymentFailed, {
    aggregateId: payment.id,
    version,
    data: { ...reference(payment), ...failure },
  });

export const tellCanceled = (tx: Tx, payment: Told, version: number, reason: string) =>
  record(tx, paymentCanceled, { aggregateId: payment.id, version, data: { ...reference(payment), reason } });

export const tellRefunded = (
  tx: Tx,
  payment: Told,
  version: number,
  refund: Pick<Refund, 'id' | 'amountCents' | 'reason'> & { totalCents: number; at: Date },
) =>
  record(tx, paymentRefunded, {
    aggregateId: payment.id,
    version,
    data: {
      ...reference(payment),
      refund_id: refund.id,
      refund_cents: refund.amountCents,
      refunded_total_cents: refund.totalCents,
      reason: refund.reason,
      refunded_at: refund.at.toISOString(),
    },
  });
