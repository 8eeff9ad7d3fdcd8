import { checkMultiple } from './amounts.ts';
import { allowOnly, type Form, metadataOf, optionalInteger, optionalText } from './form.ts';
import type { ChargeRecord, RefundRecord } from './records.ts';
import { invalidParam, missingParam, noSuch, StripeFault } from './stripe-fault.ts';
import { type Cause, emit, stripeId, type World } from './world.ts';

const CREATE_PARAMS = ['payment_intent', 'charge', 'amount', 'reason', 'metadata', 'expand'];
const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'];

/** POST /v1/refunds */
export function createRefund(world: World, form: Form, cause: Cause): RefundRecord {
  allowOnly(form, CREATE_PARAMS);
  const reason = optionalText(form, 'reason');
  if (reason !== undefined && !REASONS.includes(reason)) {
    throw invalidParam(
      'reason',
      'parameter_invalid_string',
      `Invalid reason: must be one of ${REASONS.join(', ')}`,
    );
  }
  const metadata = metadataOf(form);
  const charge = refundableCharge(world, form);
  const rest = charge.amount - charge.amountRefunded;
  if (rest === 0) {
    throw refused('charge_already_refunded', `Charge ${charge.id} has already been refunded.`);
  }
  const amount = optionalInteger(form, 'amount') ?? rest;
  if (amount < 1) throw invalidParam('amount', 'parameter_invalid_integer', 'Invalid positive integer');
  checkMultiple(amount, charge.currency);
  if (amount > rest) {
    throw refused(
      undefined,
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${rest})`,
    );
  }
  const waits = charge.card === 'pm_card_pendingRefund';
  const refund: RefundRecord = {
    id: stripeId('re_3'),
    intentId: charge.intentId,
    chargeId: charge.id,
    amount,
    currency: charge.currency,
    created: world.now(),
    status: waits ? 'pending' : 'succeeded',
    reason: reason ?? null,
    failureReason: null,
    balanceTransactionId: move(world, 'refund', -amount, charge),
    metadata,
  };
  const refunded: ChargeRecord = { ...charge, amountRefunded: charge.amountRefunded + amount };
  world.store.put('refund', refund);
  world.store.put('charge', refunded);
  emit(world, 'refund.created', { object: 'refund', record: refund }, cause);
  emit(world, 'charge.refunded', { object: 'charge', record: refunded }, cause);
  return refund;
}

/** What the bank says later of a refund: it arrived, or it came back and the money is on the balance again. */
export function finishRefund(world: World, id: string, outcome: 'succeeded' | 'failed'): RefundRecord {
  const refund = findRefund(world, id);
  const charge = world.store.get('charge', refund.chargeId);
  if (refund.status === 'failed' || refund.status === outcome || charge === undefined) return refund;
  const finished: RefundRecord = {
    ...refund,
    status: outcome,
    failureReason: outcome === 'failed' ? 'expired_or_canceled_card' : null,
  };
  world.store.put('refund', finished);
  if (outcome === 'failed') {
    move(world, 'refund_failure', refund.amount, charge);
    world.store.put('charge', { ...charge, amountRefunded: charge.amountRefunded - refund.amount });
    emit(world, 'refund.failed', { object: 'refund', record: finished }, undefined);
  }
  emit(world, 'refund.updated', { object: 'refund', record: finished }, undefined);
  return finished;
}

export function findRefund(world: World, id: string): RefundRecord {
  const refund = world.store.get('refund', id);
  if (refund === undefined) throw noSuch('refund', id, 'refund', 404);
  return refund;
}

function refundableCharge(world: World, form: Form): ChargeRecord {
  const intentId = optionalText(form, 'payment_intent');
  const chargeId = optionalText(form, 'charge');
  if (intentId === undefined && chargeId === undefined) throw missingParam('payment_intent');
  if (intentId !== undefined) {
    const intent = world.store.get('payment_intent', intentId);
    if (intent === undefined) throw noSuch('payment_intent', intentId, 'payment_intent', 404);
    if (intent.status !== 'succeeded') {
      throw refused(
        undefined,
        `This PaymentIntent (${intentId}) does not have a successful charge to refund.`,
      );
    }
    return requireCharge(world, intent.latestChargeId ?? '', 'payment_intent');
  }
  const charge = requireCharge(world, chargeId ?? '', 'charge');
  if (charge.status !== 'succeeded') throw refused(undefined, `Charge ${charge.id} was not successful.`);
  return charge;
}

function requireCharge(world: World, id: string, param: string): ChargeRecord {
  const charge = world.store.get('charge', id);
  if (charge === undefined) throw noSuch('charge', id, param, 404);
  return charge;
}

function move(world: World, type: 'refund' | 'refund_failure', amount: number, charge: ChargeRecord): string {
  const id = stripeId('txn_3');
  world.store.put('balance_transaction', {
    id,
    amount,
    fee: 0,
    currency: charge.currency,
    created: world.now(),
    type,
    sourceId: charge.id,
  });
  return id;
}

function refused(code: string | undefined, message: string): StripeFault {
  return new StripeFault(
    400,
    { type: 'invalid_request_error', message, ...(code === undefined ? {} : { code }) },
    true,
  );
}
