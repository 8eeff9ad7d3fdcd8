import { orderCancelRequested, orderConfirmed, type paymentSucceeded } from '@zoco/contracts';
import { type Received, record, recordAll } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { type SQL, sql } from 'drizzle-orm';
import { changeOrder, confirmCaptured, lockOrder, type Order, type OrderRow } from '../db/order.ts';
import { orders } from '../db/schema.ts';
import { orderNotFound } from '../order-not-found.ts';
import { confirmedSnapshotOf } from '../order-snapshot.ts';
import { captureEffect } from '../rules/payment.ts';

const LATE_CAPTURE = 'late_capture';

type Capture = Received<typeof paymentSucceeded>;

/**
 * The money of orders arrived: they are confirmed. When one is over already, payments is asked to give the money back; when it
 * was confirmed without the money (on account), it is noted as paid.
 * @param captures of different payments
 * @returns the orders that this confirmed
 * @throws Problem `payment_amount_mismatch`, `payment_order_conflict`, `order_not_found`: all need a person
 */
export async function confirmPaidOrders(tx: Tx, captures: readonly Capture[]): Promise<Order[]> {
  const causes = new Map<string, Capture>(captures.map((capture) => [capture.data.order_id, capture]));
  const confirmed = await confirmCaptured(
    tx,
    [...causes.values()].map(({ data, version }) => ({
      orderId: data.order_id,
      amountCents: data.amount_cents,
      currency: data.currency,
      version,
    })),
  );
  await recordAll(
    tx,
    orderConfirmed,
    confirmed.map((order) => ({
      aggregateId: order.id,
      version: order.version,
      data: confirmedSnapshotOf(order),
      cause: causes.get(order.id),
    })),
  );
  const ids = new Set<string>(confirmed.map(({ id }) => id));
  const isConfirming = (capture: Capture) =>
    ids.has(capture.data.order_id) && causes.get(capture.data.order_id) === capture;
  for (const capture of captures) if (!isConfirming(capture)) await noteCapture(tx, capture);
  return confirmed;
}

/** A refund that was heard of before this capture is the newer truth. */
function paid(version: number): { paymentStatus: SQL; paymentVersion: SQL } {
  return {
    paymentStatus: sql`case when ${orders.paymentVersion} < ${version} then 'paid' else ${orders.paymentStatus} end`,
    paymentVersion: sql`greatest(${orders.paymentVersion}, ${version})`,
  };
}

async function noteCapture(tx: Tx, capture: Capture): Promise<void> {
  const { data, version } = capture;
  const order = await lockOrder(tx, data.order_id);
  if (order === undefined) throw orderNotFound();
  const effect = captureEffect(order, data);
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
  if (noted !== undefined && effect === 'late') await askForRefund(tx, noted, capture);
}

async function askForRefund(tx: Tx, order: OrderRow, cause: Capture): Promise<void> {
  await record(tx, orderCancelRequested, {
    aggregateId: order.id,
    version: order.version,
    data: { order_id: order.id, reason: LATE_CAPTURE, requested_at: new Date().toISOString() },
    cause,
  });
}
