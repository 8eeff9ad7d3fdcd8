import { type EventData, orderCancelRequested, orderConfirmed, type paymentSucceeded } from '@zoco/contracts';
import { record } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { type SQL, sql } from 'drizzle-orm';
import { changeOrder, confirmCaptured, lockOrder, type Order, type OrderRow } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { orderNotFound } from '../order-not-found.ts';
import { confirmedSnapshotOf } from '../order-snapshot.ts';
import { captureEffect } from '../rules/payment.ts';

const LATE_CAPTURE = 'late_capture';

type Capture = EventData<typeof paymentSucceeded>;

/**
 * The money of an order arrived: the order is confirmed. When it is over already, payments is asked to give the money back; when it
 * was confirmed without the money (on account), it is noted as paid.
 * @param version of the payment
 * @returns the order if this confirmed it
 * @throws Problem `payment_amount_mismatch`, `payment_order_conflict`, `order_not_found`: all need a person
 */
export async function confirmPaidOrder(
  tx: Tx,
  capture: Capture,
  version: number,
): Promise<Order | undefined> {
  const { order_id: orderId, amount_cents: amountCents, currency } = capture;
  const confirmed = await confirmCaptured(tx, { orderId, amountCents, currency, version });
  if (confirmed === undefined) {
    await noteCapture(tx, capture, version);
    return undefined;
  }
  await record(tx, orderConfirmed, {
    aggregateId: confirmed.id,
    version: confirmed.version,
    data: confirmedSnapshotOf(confirmed),
  });
  return confirmed;
}

/** A refund that was heard of before this capture is the newer truth. */
function paid(version: number): { paymentStatus: SQL; paymentVersion: SQL } {
  return {
    paymentStatus: sql`case when ${orders.paymentVersion} < ${version} then 'paid' else ${orders.paymentStatus} end`,
    paymentVersion: sql`greatest(${orders.paymentVersion}, ${version})`,
  };
}

async function noteCapture(tx: Tx, capture: Capture, version: number): Promise<void> {
  const order = await lockOrder(tx, capture.order_id);
  if (order === undefined) throw orderNotFound();
  const effect = captureEffect(order, capture);
  if (effect === 'confirm') {
    // It was written to between the two statements; the next delivery sees it as it is.
    throw new Problem('unavailable', 'order_busy', 'The order is changing right now.');
  }
  if (order.paymentVersion >= version) return;
  const noted = await changeOrder(tx, order.id, [order.status], {
    ...paid(version),
    changedBy: 'payments',
    changeReason: effect === 'late' ? LATE_CAPTURE : 'payment_received',
  });
  if (noted !== undefined && effect === 'late') await askForRefund(tx, noted);
}

async function askForRefund(tx: Tx, order: OrderRow): Promise<void> {
  await record(tx, orderCancelRequested, {
    aggregateId: order.id,
    version: order.version,
    data: { order_id: order.id, reason: LATE_CAPTURE, requested_at: new Date().toISOString() },
  });
}
