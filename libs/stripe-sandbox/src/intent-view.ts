import { findTestCard } from './test-cards.ts';
import type { ChargeRecord, IntentRecord, LastError } from './records.ts';

/**
 * A PaymentIntent as the API shows it.
 * @param charge given when `latest_charge` is to be expanded
 * @see https://docs.stripe.com/api/payment_intents/object
 */
export function intentView(intent: IntentRecord, baseUrl: string, charge?: ChargeRecord) {
  const captured = intent.status === 'succeeded';
  return {
    id: intent.id,
    object: 'payment_intent',
    allowed_payment_method_types: intent.allowedTypes,
    amount: intent.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: captured ? intent.amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: intent.canceledAt,
    cancellation_reason: intent.cancellationReason,
    capture_method: 'automatic',
    client_secret: intent.clientSecret,
    confirmation_method: 'automatic',
    created: intent.created,
    currency: intent.currency,
    customer: null,
    customer_account: null,
    description: intent.description,
    excluded_payment_method_types: null,
    last_payment_error: intent.lastError === null ? null : lastErrorView(intent.lastError),
    latest_charge: charge === undefined ? intent.latestChargeId : chargeView(charge),
    livemode: false,
    managed_payments: null,
    metadata: intent.metadata,
    next_action: nextActionView(intent, baseUrl),
    on_behalf_of: null,
    payment_method: intent.paymentMethodId,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: intent.receiptEmail,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: intent.status,
    transfer_data: null,
    transfer_group: null,
  };
}

/** Fields that an error about a card has, in `last_payment_error` and in the body of a 402. */
export function lastErrorView(error: LastError) {
  return {
    ...(error.chargeId === null ? {} : { charge: error.chargeId }),
    code: error.code,
    ...(error.declineCode === null ? {} : { decline_code: error.declineCode }),
    doc_url: `https://docs.stripe.com/error-codes/${error.code.replaceAll('_', '-')}`,
    message: error.message,
    payment_method: paymentMethodView(error.paymentMethodId, error.card),
    type: error.code === 'payment_intent_authentication_failure' ? 'invalid_request_error' : 'card_error',
  };
}

function nextActionView(intent: IntentRecord, baseUrl: string) {
  if (intent.status !== 'requires_action') return null;
  const url = `${baseUrl}/sandbox/authenticate/${intent.id}?client_secret=${intent.clientSecret}`;
  if (intent.returnUrl !== null) {
    return { type: 'redirect_to_url', redirect_to_url: { return_url: intent.returnUrl, url } };
  }
  return { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } };
}

function cardView(card: string) {
  const { brand, last4 } = findTestCard(card) ?? { brand: 'unknown', last4: '0000' };
  return {
    brand,
    country: 'US',
    exp_month: 12,
    exp_year: 2040,
    fingerprint: `sandbox${last4}`,
    funding: 'credit',
    last4,
    network: brand,
    three_d_secure: null,
    wallet: null,
  };
}

function paymentMethodView(id: string, card: string) {
  return {
    id,
    object: 'payment_method',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: cardView(card),
    customer: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
}

/** A charge as the API shows it. @see https://docs.stripe.com/api/charges/object */
export function chargeView(charge: ChargeRecord) {
  const succeeded = charge.status === 'succeeded';
  return {
    id: charge.id,
    object: 'charge',
    amount: charge.amount,
    amount_captured: succeeded ? charge.amount : 0,
    amount_refunded: charge.amountRefunded,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: charge.balanceTransactionId,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: 'SANDBOX',
    captured: succeeded,
    created: charge.created,
    currency: charge.currency,
    customer: null,
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: charge.failureCode,
    failure_message: charge.failureMessage,
    fraud_details: {},
    livemode: false,
    metadata: charge.metadata,
    on_behalf_of: null,
    outcome: {
      network_status: succeeded ? 'approved_by_network' : 'declined_by_network',
      reason: charge.declineCode,
      risk_level: 'normal',
      seller_message: succeeded ? 'Payment complete.' : 'The bank did not approve this payment.',
      type: succeeded ? 'authorized' : 'issuer_declined',
    },
    paid: succeeded,
    payment_intent: charge.intentId,
    payment_method: charge.paymentMethodId,
    payment_method_details: { card: cardView(charge.card), type: 'card' },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: charge.amountRefunded === charge.amount,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: charge.status,
    transfer_data: null,
    transfer_group: null,
  };
}
