import { chargeView, intentView } from './intent-view.ts';
import type {
  BalanceTransactionRecord,
  DeliveryRecord,
  EventRecord,
  RefundRecord,
  Snapshot,
} from './records.ts';

/** The API version of the account: what its events are rendered in. */
export const ACCOUNT_API_VERSION = '2026-10-28.endive';

/** @see https://docs.stripe.com/api/refunds/object */
export function refundView(refund: RefundRecord) {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    balance_transaction: refund.balanceTransactionId,
    charge: refund.chargeId,
    created: refund.created,
    currency: refund.currency,
    customer: null,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    ...(refund.failureReason === null ? {} : { failure_reason: refund.failureReason }),
    metadata: refund.metadata,
    payment_intent: refund.intentId,
    payment_method: null,
    reason: refund.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: refund.status,
    transfer_reversal: null,
  };
}

/** @see https://docs.stripe.com/api/balance_transactions/object */
export function balanceTransactionView(transaction: BalanceTransactionRecord, source: unknown) {
  return {
    id: transaction.id,
    object: 'balance_transaction',
    amount: transaction.amount,
    available_on: transaction.created,
    balance_type: 'payments',
    created: transaction.created,
    currency: transaction.currency,
    description: null,
    exchange_rate: null,
    fee: transaction.fee,
    fee_details:
      transaction.fee === 0
        ? []
        : [
            {
              amount: transaction.fee,
              application: null,
              currency: transaction.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: transaction.amount - transaction.fee,
    reporting_category: transaction.type,
    source,
    status: 'available',
    type: transaction.type,
  };
}

/** @see https://docs.stripe.com/api/events/object */
export function eventView(event: EventRecord, delivery: DeliveryRecord | undefined, baseUrl: string) {
  return {
    id: event.id,
    object: 'event',
    api_version: ACCOUNT_API_VERSION,
    created: event.created,
    data: { object: snapshotView(event.snapshot, baseUrl) },
    livemode: false,
    pending_webhooks: delivery === undefined || delivery.state === 'delivered' ? 0 : 1,
    request: { id: event.requestId, idempotency_key: event.idempotencyKey },
    type: event.type,
  };
}

export function snapshotView(snapshot: Snapshot, baseUrl: string) {
  switch (snapshot.object) {
    case 'payment_intent':
      return intentView(snapshot.record, baseUrl);
    case 'charge':
      return chargeView(snapshot.record);
    default:
      return refundView(snapshot.record);
  }
}
