import type { EventData, orderCreated } from '@zoco/contracts';
import type { Cause } from '@zoco/events';
import { newId } from '@zoco/kernel';
import { NOW, secondsFromNow, type Tx } from '@zoco/postgres';
import { insertPayment, type NewPayment, type Payment } from '../db/payments.ts';
import { paymentsBecame } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { orderAgeMs } from '../rules/order-age.ts';
import { mayBeForgotten } from '../rules/stripe-keys.ts';
import { tellCreated, tellSucceeded } from '../payment-event.ts';

type Order = EventData<typeof orderCreated>;

/**
 * Writes down the payment of a new order, before anybody is asked for money. A card payment comes out taken for work already: whoever
 * commits this goes on with it at once, and the lease lets another one do so after a crash.
 * @returns undefined when the order has a payment already, or was voided before it was known here
 */
export async function openPayment(
  tx: Tx,
  deps: PaymentDeps,
  order: Order,
  cause?: Cause,
): Promise<Payment | undefined> {
  const isFree = order.total_cents === 0;
  const payment = await insertPayment(tx, {
    ...newPayment(tx, order),
    ...(isFree ? { status: 'succeeded', succeededAt: new Date(), version: 2 } : {}),
    ...(isFree || order.payment_method !== 'card' ? {} : inHand(order, deps)),
  });
  deps.failpoint('after-payment-row');
  if (payment === undefined) return undefined;
  const created = tellCreated(tx, payment, 1, cause);
  // Nothing to pay is paid.
  await Promise.all([created, isFree ? tellSucceeded(tx, payment, 2, payment.createdAt, cause) : undefined]);
  tx.onCommit(() => {
    paymentsBecame.inc({ outcome: 'created' });
    if (isFree) paymentsBecame.inc({ outcome: 'succeeded' });
  });
  deps.failpoint('before-payment-commit');
  return payment;
}

function newPayment(tx: Tx, order: Order): NewPayment {
  return {
    tenantId: tx.tenantId,
    id: newId('payment'),
    orderId: order.order_id,
    userId: order.user_id,
    method: order.payment_method,
    amountCents: order.total_cents,
    taxCents: order.tax_cents,
    currency: order.currency,
    status: 'pending',
    orderExpiresAt: order.expires_at === null ? null : new Date(order.expires_at),
  };
}

function inHand(
  { order_id: orderId, payment_token: token }: Order,
  { settings }: PaymentDeps,
): Partial<NewPayment> {
  return {
    paymentToken: token,
    attempt: token === null ? 0 : 1,
    confirmOnCreate: token !== null,
    intentCalledAt: firstCallAt(orderId, new Date()),
    dueAt: secondsFromNow(settings.PAYMENTS_LEASE_SECONDS),
    tries: 1,
  };
}

/**
 * When a create of the order may first have been sent: now. Of an order that is older than a key lasts and comes again, to books that lost its
 * payment, the provider may know: it is searched there first.
 */
function firstCallAt(orderId: string, now: Date) {
  const orderedAt = new Date(now.getTime() - orderAgeMs(orderId, now));
  return mayBeForgotten(orderedAt, now) ? orderedAt : NOW;
}
