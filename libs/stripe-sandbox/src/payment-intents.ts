import { checkChargeAmount } from './amounts.ts';
import { chargeCard, declineCard, failAuthentication } from './charge-card.ts';
import {
  allowOnly,
  type Form,
  metadataOf,
  optionalBoolean,
  optionalForm,
  optionalInteger,
  optionalText,
  requiredText,
  texts,
} from './form.ts';
import { intentView } from './intent-view.ts';
import type { IntentRecord } from './records.ts';
import { invalidParam, missingParam, noSuch, StripeFault } from './stripe-fault.ts';
import { findTestCard } from './test-cards.ts';
import { type Cause, emit, stripeId, type World } from './world.ts';

const CREATE_PARAMS = [
  'amount',
  'currency',
  'confirm',
  'payment_method',
  'allowed_payment_method_types',
  'automatic_payment_methods',
  'capture_method',
  'confirmation_method',
  'description',
  'metadata',
  'receipt_email',
  'return_url',
  'off_session',
  'expand',
];
const CONFIRM_PARAMS = [
  'payment_method',
  'return_url',
  'receipt_email',
  'off_session',
  'client_secret',
  'expand',
];
const CANCEL_REASONS = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'];

/** POST /v1/payment_intents. @throws StripeFault a decline too, after the intent and its failed charge are recorded */
export function createIntent(world: World, form: Form, cause: Cause): IntentRecord {
  allowOnly(form, CREATE_PARAMS);
  const amount = optionalInteger(form, 'amount');
  if (amount === undefined) throw missingParam('amount');
  const currency = requiredText(form, 'currency').toLowerCase();
  checkChargeAmount(amount, currency);
  refuseUnsupported(form);
  const confirm = optionalBoolean(form, 'confirm') ?? false;
  const returnUrl = optionalText(form, 'return_url');
  if (returnUrl !== undefined && !confirm) {
    throw invalidParam(
      'return_url',
      'parameter_invalid',
      'The parameter `return_url` cannot be passed when creating a PaymentIntent unless `confirm` is set to true.',
    );
  }
  const id = stripeId('pi_3');
  const intent: IntentRecord = {
    id,
    amount,
    currency,
    status: 'requires_payment_method',
    created: world.now(),
    clientSecret: stripeId(`${id}_secret_`),
    metadata: metadataOf(form),
    description: optionalText(form, 'description') ?? null,
    allowedTypes: allowedTypes(form),
    receiptEmail: optionalText(form, 'receipt_email') ?? null,
    returnUrl: null,
    paymentMethodId: null,
    card: null,
    latestChargeId: null,
    lastError: null,
    canceledAt: null,
    cancellationReason: null,
  };
  // A payment method that does not exist refuses the whole request: no intent is left behind.
  const card = attach(intent, optionalText(form, 'payment_method'), returnUrl);
  world.store.put('payment_intent', card);
  emit(world, 'payment_intent.created', { object: 'payment_intent', record: card }, cause);
  return confirm ? runConfirmation(world, card, cause) : card;
}

/** POST /v1/payment_intents/:id/confirm. @throws StripeFault a decline too */
export function confirmIntent(world: World, id: string, form: Form, cause: Cause): IntentRecord {
  allowOnly(form, CONFIRM_PARAMS);
  const intent = findIntent(world, id);
  if (intent.status === 'succeeded') {
    throw unexpectedState(
      world,
      intent,
      'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
    );
  }
  if (intent.status === 'canceled' || intent.status === 'processing') {
    throw unexpectedState(
      world,
      intent,
      `You cannot confirm this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action, requires_payment_method.`,
    );
  }
  const method = optionalText(form, 'payment_method');
  const returnUrl = optionalText(form, 'return_url') ?? intent.returnUrl ?? undefined;
  return runConfirmation(world, attach(intent, method, returnUrl), cause);
}

/** POST /v1/payment_intents/:id/cancel */
export function cancelIntent(world: World, id: string, form: Form, cause: Cause): IntentRecord {
  allowOnly(form, ['cancellation_reason', 'expand']);
  const reason = optionalText(form, 'cancellation_reason');
  if (reason !== undefined && !CANCEL_REASONS.includes(reason)) {
    throw invalidParam(
      'cancellation_reason',
      'parameter_invalid_string',
      `Invalid cancellation_reason: must be one of ${CANCEL_REASONS.join(', ')}`,
    );
  }
  const intent = findIntent(world, id);
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    throw unexpectedState(
      world,
      intent,
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.`,
    );
  }
  const canceled: IntentRecord = {
    ...intent,
    status: 'canceled',
    canceledAt: world.now(),
    cancellationReason: reason ?? null,
  };
  world.store.put('payment_intent', canceled);
  emit(world, 'payment_intent.canceled', { object: 'payment_intent', record: canceled }, cause);
  return canceled;
}

/** What the cardholder does on the authentication page. Returns the intent as it is then; no effect unless it waits for that. */
export function authenticateIntent(world: World, id: string, passed: boolean): IntentRecord {
  const intent = findIntent(world, id);
  if (intent.status !== 'requires_action') return intent;
  if (!passed) return failAuthentication(world, intent);
  const behaviour = findTestCard(intent.card ?? '')?.behaviour;
  const refused = behaviour?.kind === 'authenticates' && behaviour.bank === 'declines';
  return refused
    ? declineCard(world, intent, 'card_declined', 'insufficient_funds', undefined)
    : chargeCard(world, intent, undefined);
}

export function findIntent(world: World, id: string): IntentRecord {
  const intent = world.store.get('payment_intent', id);
  if (intent === undefined) throw noSuch('payment_intent', id, 'intent', 404);
  return intent;
}

function runConfirmation(world: World, intent: IntentRecord, cause: Cause): IntentRecord {
  const behaviour = findTestCard(intent.card ?? '')?.behaviour;
  if (behaviour === undefined) {
    throw unexpectedState(
      world,
      intent,
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    );
  }
  switch (behaviour.kind) {
    case 'succeeds':
      return chargeCard(world, intent, cause);
    case 'authenticates': {
      const waiting: IntentRecord = { ...intent, status: 'requires_action', lastError: null };
      world.store.put('payment_intent', waiting);
      emit(world, 'payment_intent.requires_action', { object: 'payment_intent', record: waiting }, cause);
      return waiting;
    }
    default: {
      const declined = declineCard(world, intent, behaviour.code, behaviour.declineCode, cause);
      const { last_payment_error: error, ...rest } = intentView(declined, world.baseUrl());
      throw new StripeFault(
        402,
        {
          message: 'Your card was declined.',
          ...error,
          type: 'card_error',
          payment_intent: { ...rest, last_payment_error: error },
        },
        true,
      );
    }
  }
}

/** The intent with a payment method: a test card's name becomes a payment method of its own, as at Stripe. */
function attach(intent: IntentRecord, name: string | undefined, returnUrl: string | undefined): IntentRecord {
  const withUrl = { ...intent, returnUrl: returnUrl ?? null };
  if (name === undefined) return withUrl;
  if (findTestCard(name) === undefined) throw noSuch('PaymentMethod', name, 'payment_method', 400, true);
  return {
    ...withUrl,
    status: 'requires_confirmation',
    paymentMethodId: stripeId('pm_1'),
    card: name,
  };
}

function allowedTypes(form: Form): readonly string[] | null {
  const types = texts(form, 'allowed_payment_method_types');
  return types.length === 0 ? null : types;
}

/** The sandbox has cards that are captured at once; anything else would be told wrong, so it is refused. */
function refuseUnsupported(form: Form): void {
  const capture = optionalText(form, 'capture_method') ?? 'automatic';
  const confirmation = optionalText(form, 'confirmation_method') ?? 'automatic';
  if (!capture.startsWith('automatic') || confirmation !== 'automatic') {
    throw invalidParam('capture_method', 'sandbox_unsupported', 'The sandbox only has automatic capture.');
  }
  if (!(allowedTypes(form) ?? ['card']).includes('card')) {
    throw invalidParam('allowed_payment_method_types', 'sandbox_unsupported', 'The sandbox only has cards.');
  }
  const automatic = optionalForm(form, 'automatic_payment_methods');
  if (automatic !== undefined) allowOnly(automatic, ['enabled', 'allow_redirects']);
}

function unexpectedState(world: World, intent: IntentRecord, message: string): StripeFault {
  return new StripeFault(
    400,
    {
      type: 'invalid_request_error',
      code: 'payment_intent_unexpected_state',
      message,
      payment_intent: intentView(intent, world.baseUrl()),
    },
    true,
  );
}
