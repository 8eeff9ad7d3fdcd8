import { feeOf } from './amounts.ts';
import type { ChargeRecord, IntentRecord, LastError } from './records.ts';
import { DECLINE_MESSAGES } from './test-cards.ts';
import { type Cause, emit, stripeId, type World } from './world.ts';

/** Takes the money: a charge, its balance transaction, and the intent succeeds. */
export function chargeCard(world: World, intent: IntentRecord, cause: Cause | undefined): IntentRecord {
  const balanceTransactionId = stripeId('txn_3');
  const charge: ChargeRecord = {
    ...newCharge(world, intent),
    status: 'succeeded',
    balanceTransactionId,
    failureCode: null,
    declineCode: null,
    failureMessage: null,
  };
  const succeeded: IntentRecord = {
    ...intent,
    status: 'succeeded',
    latestChargeId: charge.id,
    lastError: null,
  };
  world.store.put('charge', charge);
  world.store.put('balance_transaction', {
    id: balanceTransactionId,
    amount: intent.amount,
    fee: feeOf(intent.amount),
    currency: intent.currency,
    created: world.now(),
    type: 'charge',
    sourceId: charge.id,
  });
  world.store.put('payment_intent', succeeded);
  emit(world, 'charge.succeeded', { object: 'charge', record: charge }, cause);
  emit(world, 'payment_intent.succeeded', { object: 'payment_intent', record: succeeded }, cause);
  return succeeded;
}

/** The bank says no: a failed charge stays, and the intent waits for another payment method. */
export function declineCard(
  world: World,
  intent: IntentRecord,
  code: string,
  declineCode: string | null,
  cause: Cause | undefined,
): IntentRecord {
  const message =
    DECLINE_MESSAGES[declineCode ?? code] ?? DECLINE_MESSAGES[code] ?? 'Your card was declined.';
  const charge: ChargeRecord = {
    ...newCharge(world, intent),
    status: 'failed',
    balanceTransactionId: null,
    failureCode: code,
    declineCode,
    failureMessage: message,
  };
  world.store.put('charge', charge);
  emit(world, 'charge.failed', { object: 'charge', record: charge }, cause);
  return fail(
    world,
    { ...intent, latestChargeId: charge.id },
    { code, declineCode, message, chargeId: charge.id },
    cause,
  );
}

/** The cardholder did not authenticate; no charge was tried. */
export function failAuthentication(world: World, intent: IntentRecord): IntentRecord {
  const code = 'payment_intent_authentication_failure';
  const message = DECLINE_MESSAGES[code] ?? '';
  return fail(world, intent, { code, declineCode: null, message, chargeId: null }, undefined);
}

function fail(
  world: World,
  intent: IntentRecord,
  error: Pick<LastError, 'code' | 'declineCode' | 'message' | 'chargeId'>,
  cause: Cause | undefined,
): IntentRecord {
  const failed: IntentRecord = {
    ...intent,
    status: 'requires_payment_method',
    paymentMethodId: null,
    card: null,
    lastError: { ...error, paymentMethodId: intent.paymentMethodId ?? '', card: intent.card ?? '' },
  };
  world.store.put('payment_intent', failed);
  emit(world, 'payment_intent.payment_failed', { object: 'payment_intent', record: failed }, cause);
  return failed;
}

function newCharge(world: World, intent: IntentRecord) {
  return {
    id: stripeId('ch_3'),
    intentId: intent.id,
    amount: intent.amount,
    amountRefunded: 0,
    currency: intent.currency,
    created: world.now(),
    card: intent.card ?? '',
    paymentMethodId: intent.paymentMethodId ?? '',
    metadata: intent.metadata,
  };
}
