import { Stripe } from 'stripe';
import { SpanKind } from '@opentelemetry/api';
import { failSpan, inDetailSpan } from '@zoco/service';
import { stripeDuration } from './metrics.ts';
import type { IntentFacts } from './rules/observation.ts';
import { fromStripeAmount } from './rules/stripe-amount.ts';

/** How a call to Stripe ended. */
export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** A definite no; nothing happened beyond what `intent` shows. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly detail: string;
      readonly intent: IntentFacts | null;
    }
  /** The idempotency key belongs to a call with other parameters. */
  | { readonly kind: 'key_taken' }
  /** It was executed earlier, and its stored answer says nothing of the outcome: look at the thing itself. */
  | { readonly kind: 'finished' }
  /** It may or may not have happened: repeat it with the same key. */
  | { readonly kind: 'unknown'; readonly error: unknown };

/** Runs a call, measures it and sorts its end. Never throws. */
export async function timed<T>(call: string, work: () => Promise<T>): Promise<Outcome<T>> {
  return inDetailSpan(
    `stripe ${call}`,
    () => spanOptions(call),
    async (span) => {
      const stop = stripeDuration.startTimer({ call });
      const outcome = await outcomeOf(work);
      stop({ outcome: outcome.kind });
      span?.setAttribute('zoco.stripe.outcome', outcome.kind);
      if (span && outcome.kind === 'unknown') failSpan(span, outcome.error);
      return outcome;
    },
  );
}

const spanOptions = (call: string) => ({
  kind: SpanKind.CLIENT,
  attributes: { 'peer.service': 'stripe', 'rpc.system': 'stripe', 'rpc.method': call },
});

async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    return sort(error);
  }
}

/** A refusal that needs no call to be known. */
export function unsupportedAmount(currency: string): Outcome<never> {
  return {
    kind: 'refused',
    code: 'amount_unsupported',
    detail: `Cards take amounts in ${currency} only in steps of 10 minor units.`,
    intent: null,
  };
}

function sort(error: unknown): Exclude<Outcome<never>, { kind: 'done' }> {
  if (!(error instanceof Stripe.errors.StripeError)) return { kind: 'unknown', error };
  const status = error.statusCode ?? 0;
  const replayed = error.headers?.['idempotent-replayed'] === 'true';
  if (status >= 500) return replayed ? { kind: 'finished' } : { kind: 'unknown', error };
  // In use by a twin, or too many: both say nothing of this call.
  if (status === 409 || status === 429) return { kind: 'unknown', error };
  // A wrong or limited key is our fault and not the buyer's.
  if (status === 401 || status === 403) return { kind: 'unknown', error };
  if (status < 400) return { kind: 'unknown', error };
  if (error instanceof Stripe.errors.StripeIdempotencyError) return { kind: 'key_taken' };
  return {
    kind: 'refused',
    code: error.decline_code ?? error.code ?? 'request_refused',
    detail: error.message,
    intent: error.payment_intent === undefined ? null : factsOf(error.payment_intent),
  };
}

/** A PaymentIntent in our terms. */
export function factsOf(intent: Stripe.PaymentIntent): IntentFacts {
  const currency = intent.currency.toUpperCase();
  return {
    id: intent.id,
    status: statusOf(intent.status),
    amountCents: fromStripeAmount(intent.amount, currency),
    currency,
    failure: failureOf(intent),
    nextActionUrl: intent.next_action?.redirect_to_url?.url ?? null,
    clientSecret: intent.client_secret,
  };
}

const STATUSES = ['succeeded', 'canceled', 'processing', 'requires_action'] as const;

/** What is neither final nor on its way waits for a payment method; Stripe may add words for it. */
function statusOf(status: string): IntentFacts['status'] {
  return STATUSES.find((known) => known === status) ?? 'requires_payment_method';
}

function failureOf(intent: Stripe.PaymentIntent): IntentFacts['failure'] {
  const error = intent.last_payment_error;
  if (error === null || intent.status !== 'requires_payment_method') return null;
  const code = error.decline_code ?? error.code ?? 'payment_failed';
  return {
    code,
    detail: error.message ?? 'The payment failed.',
    // A failed authentication leaves no charge; then the payment method tells failures apart.
    mark: error.charge ?? `${code}:${error.payment_method?.id ?? ''}`,
  };
}
