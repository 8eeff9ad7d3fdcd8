import { type Id, isTenantId, type TenantId } from '@zoco/kernel';
import { NOW, type Tx } from '@zoco/postgres';
import { findByIntent, lockPayment, lockPaymentOfOrder, savePayment } from '../db/payments.ts';
import { findRefund, saveRefund } from '../db/refunds.ts';
import type { RefundStatus } from '../db/schema.ts';
import { webhookEvents } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { PaymentStatus } from '../rules/payment.ts';
import { isOldNews } from '../rules/webhook.ts';
import type { StripeEvent } from '../stripe-event.ts';
import type { Work } from '../work.ts';
import { applyIntent } from './apply-intent.ts';

/** Stripe waits seconds for its answer, and what an event tells has nearly always been heard before. */
const GATHER_MS = 50;

/** Whose event it is, by the metadata of its object or by the intent that we know. */
interface Owner {
  readonly tenantId: TenantId;
  readonly orderId: string;
}

/**
 * Takes note of an event from Stripe: once, and only as a reason to look at the payment itself. What it says of the state of things is
 * not believed; it may be old, repeated or out of order.
 */
export async function receiveStripeEvent(deps: PaymentDeps, work: Work, event: StripeEvent): Promise<void> {
  const owner = await ownerOf(deps, event);
  if (owner === undefined) {
    webhookEvents.inc({ outcome: 'foreign' });
    return;
  }
  const { tenantId, orderId } = owner;
  const sharing = { kind: 'receive-stripe-event', key: orderId, gatherMs: GATHER_MS };
  const taken = await deps.db.transactTogether(tenantId, sharing, async (tx) => {
    const result = await take(tx, owner, event);
    deps.failpoint('after-webhook-insert');
    return result;
  });
  webhookEvents.inc({ outcome: taken.outcome });
  if (taken.strayOf !== undefined) await inspectStray(deps, tenantId, taken.strayOf, event.intentId);
  if (taken.isDue) work.wake();
}

async function ownerOf(deps: PaymentDeps, event: StripeEvent): Promise<Owner | undefined> {
  const { tenant, order_id: orderId, env } = event.metadata;
  if (tenant === undefined || orderId === undefined) {
    const found = await deps.db.work((tx) => findByIntent(tx, event.intentId));
    return found;
  }
  // Another installation may use the same account.
  return env === deps.stripe.environment && isTenantId(tenant) ? { tenantId: tenant, orderId } : undefined;
}

interface Taken {
  readonly outcome: 'taken' | 'repeated' | 'foreign';
  readonly isDue: boolean;
  /** Payment whose order has an intent beside the one that we know. */
  readonly strayOf: Id<'payment'> | undefined;
}

interface Known {
  readonly id: Id<'payment'>;
  readonly status: PaymentStatus;
  readonly intent_id: string | null;
  /** Of the refund that the event names; null when it is none of this payment. */
  readonly refund_status: RefundStatus | null;
  readonly is_new: boolean;
}

/** One statement in the common case: the event tells what is known, and is noted. */
async function take(tx: Tx, { orderId }: Owner, event: StripeEvent): Promise<Taken> {
  const [known] = await tx.sql<Known[]>`
    with payment as (
      select id, status, intent_id from payments
      where tenant_id = ${tx.tenantId} and order_id = ${orderId} and not is_tombstone),
    seen as (
      insert into stripe_events (tenant_id, id, type, payment_id, occurred_at)
      select ${tx.tenantId}, ${event.id}, ${event.type}, payment.id, ${event.created.toISOString()}::timestamptz from payment
      on conflict do nothing returning 1)
    select payment.*, exists (select from seen) as is_new,
           (select status from refunds
            where tenant_id = ${tx.tenantId} and id = ${event.refund?.id ?? ''} and payment_id = payment.id) as refund_status
    from payment`;
  if (known === undefined) return { outcome: 'foreign', isDue: false, strayOf: undefined };
  const isStray = known.intent_id !== null && known.intent_id !== event.intentId;
  const refund = known.refund_status === null ? null : event.refund;
  if (isStray && refund === null) return { outcome: 'taken', isDue: false, strayOf: known.id };
  if (!known.is_new) return { outcome: 'repeated', isDue: false, strayOf: undefined };
  const isDue =
    refund === null
      ? !isOldNews(event.type, known.status) && (await makePaymentDue(tx, orderId, event))
      : refund.status !== known.refund_status && (await makeRefundDue(tx, orderId, refund));
  return { outcome: 'taken', isDue, strayOf: undefined };
}

/** Somebody has to look at a refund of ours: it may be a late one, which no look at the payment comes upon. */
async function makeRefundDue(
  tx: Tx,
  orderId: string,
  told: { id: string; status: string },
): Promise<boolean> {
  await lockPaymentOfOrder(tx, orderId);
  const refund = await findRefund(tx, told.id);
  if (refund === undefined || refund.status === 'failed') return false;
  // One that failed and that nobody took for ours is an earlier try.
  if (refund.providerId === null && ['failed', 'canceled'].includes(told.status)) return false;
  await saveRefund(tx, refund.id, { dueAt: NOW });
  return true;
}

/** Somebody has to look at the payment: at once, and again when a look that began before is done. */
async function makePaymentDue(tx: Tx, orderId: string, event: StripeEvent): Promise<boolean> {
  const payment = await lockPaymentOfOrder(tx, orderId);
  if (payment === undefined || isOldNews(event.type, payment.status)) return false;
  await savePayment(tx, payment.id, {
    // Stripe signed that this intent is for this order; whether it fits is seen when it is looked at.
    intentId: payment.intentId ?? event.intentId,
    lookAgain: true,
    dueAt: NOW,
  });
  return true;
}

/** A second intent for one order: should it have taken money, that goes back. */
async function inspectStray(
  deps: PaymentDeps,
  tenantId: TenantId,
  paymentId: Id<'payment'>,
  intentId: string,
): Promise<void> {
  const outcome = await deps.stripe.retrieveIntent(intentId);
  // Not answered with 2xx, Stripe sends the event again.
  if (outcome.kind !== 'done') throw new Error('a second intent cannot be looked at', { cause: outcome });
  const { value } = outcome;
  await deps.db.transact(tenantId, async (tx) => {
    const payment = await lockPayment(tx, paymentId);
    if (payment !== undefined) await applyIntent(tx, deps, payment, value, 0);
  });
}
