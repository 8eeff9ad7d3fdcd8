/*
 * What the sandbox knows, in its own compact form. A record never changes: an update makes a new one, so an event can
 * keep the record as it was. The views turn records into the objects of the wire.
 */

export interface LastError {
  readonly code: string;
  readonly declineCode: string | null;
  readonly message: string;
  readonly chargeId: string | null;
  readonly paymentMethodId: string;
  readonly card: string;
}

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'succeeded'
  | 'canceled';

export interface IntentRecord {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: IntentStatus;
  readonly created: number;
  readonly clientSecret: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly description: string | null;
  /** What the merchant allows; null for whatever the account has. */
  readonly allowedTypes: readonly string[] | null;
  readonly receiptEmail: string | null;
  readonly returnUrl: string | null;
  readonly paymentMethodId: string | null;
  /** Name of the test card behind the payment method. */
  readonly card: string | null;
  readonly latestChargeId: string | null;
  readonly lastError: LastError | null;
  readonly canceledAt: number | null;
  readonly cancellationReason: string | null;
}

export interface ChargeRecord {
  readonly id: string;
  readonly intentId: string;
  readonly amount: number;
  readonly amountRefunded: number;
  readonly currency: string;
  readonly created: number;
  readonly status: 'succeeded' | 'failed';
  readonly card: string;
  readonly paymentMethodId: string;
  readonly balanceTransactionId: string | null;
  readonly failureCode: string | null;
  readonly declineCode: string | null;
  readonly failureMessage: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface RefundRecord {
  readonly id: string;
  readonly intentId: string;
  readonly chargeId: string;
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly reason: string | null;
  readonly failureReason: string | null;
  readonly balanceTransactionId: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface BalanceTransactionRecord {
  readonly id: string;
  readonly amount: number;
  readonly fee: number;
  readonly currency: string;
  readonly created: number;
  readonly type: 'charge' | 'refund' | 'refund_failure';
  readonly sourceId: string;
}

export type Snapshot =
  | { readonly object: 'payment_intent'; readonly record: IntentRecord }
  | { readonly object: 'charge'; readonly record: ChargeRecord }
  | { readonly object: 'refund'; readonly record: RefundRecord };

export interface EventRecord {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  readonly snapshot: Snapshot;
  readonly requestId: string | null;
  readonly idempotencyKey: string | null;
}

/** How far the delivery of an event has come. */
export interface DeliveryRecord {
  readonly id: string;
  readonly state: 'pending' | 'delivered' | 'dropped' | 'given_up';
  readonly attempts: number;
}

/** The answer that an idempotency key stands for. */
export interface KeyRecord {
  readonly id: string;
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
  readonly requestId: string;
  readonly created: number;
}

export interface Records {
  readonly payment_intent: IntentRecord;
  readonly charge: ChargeRecord;
  readonly refund: RefundRecord;
  readonly balance_transaction: BalanceTransactionRecord;
  readonly event: EventRecord;
  readonly delivery: DeliveryRecord;
  readonly key: KeyRecord;
}

export type RecordKind = keyof Records;
