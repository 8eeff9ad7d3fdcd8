import type { Id, TenantId } from '@zoco/kernel';
import type { Stripe } from 'stripe';
import type { IntentFacts } from './rules/observation.ts';
import { toStripeAmount } from './rules/stripe-amount.ts';
import { cancelKey, confirmKey, createKey } from './rules/stripe-keys.ts';
import { factsOf, timed, unsupportedAmount } from './stripe-outcome.ts';

/** Whose money a call is about. */
export interface ChargedPayment {
  readonly tenantId: TenantId;
  readonly id: Id<'payment'>;
  readonly orderId: Id<'order'>;
  readonly amountCents: number;
  readonly currency: string;
  readonly keyVersion: number;
}

export interface StripeAccount {
  readonly stripe: Stripe;
  /** Tells installations apart that share an account. */
  readonly environment: string;
  /** Where the buyer comes back to after 3-D Secure. */
  readonly returnUrl: string;
}

/** An intent list is searched this far back before the first call: clocks differ. */
const CLOCK_SKEW_SECONDS = 300;

/** Calls about PaymentIntents. Keys are derived, so that repeating a call is safe. */
export function createIntentCalls(account: StripeAccount) {
  const { stripe, environment, returnUrl } = account;
  return {
    /** Creates the intent, and confirms it in the same call when there is a token. */
    createIntent: (payment: ChargedPayment, token: string | null) =>
      create(
        account,
        payment,
        token === null ? {} : { confirm: true, payment_method: token, return_url: returnUrl },
      ),

    /**
     * Takes the create's key with other parameters: when the create was never executed, an intent that nobody confirms comes of it, and
     * the create can no longer be. `key_taken` when it was executed.
     */
    burnCreate: (payment: ChargedPayment) =>
      create(account, payment, { description: 'ended before it was charged' }),

    confirmIntent: (payment: ChargedPayment, intentId: string, attempt: number, token: string) =>
      timed('payment_intents.confirm', async () => {
        const params = { payment_method: token, return_url: returnUrl };
        const idempotencyKey = confirmKey(environment, payment.orderId, attempt);
        return factsOf(await stripe.paymentIntents.confirm(intentId, params, { idempotencyKey }));
      }),

    cancelIntent: (payment: ChargedPayment, intentId: string, tries: number) =>
      timed('payment_intents.cancel', async () => {
        const idempotencyKey = cancelKey(environment, payment.orderId, tries);
        return factsOf(await stripe.paymentIntents.cancel(intentId, {}, { idempotencyKey }));
      }),

    retrieveIntent: (intentId: string) =>
      timed('payment_intents.retrieve', async () => factsOf(await stripe.paymentIntents.retrieve(intentId))),

    /** The intent of a payment among those made since `since`; null when there is none for certain. */
    findIntent: (payment: ChargedPayment, since: Date) =>
      timed('payment_intents.list', () => find(account, payment, since)),
  };
}

async function create(
  { stripe, environment }: StripeAccount,
  payment: ChargedPayment,
  more: Partial<Stripe.PaymentIntentCreateParams>,
) {
  const amount = toStripeAmount(payment.amountCents, payment.currency);
  if (amount === null) return unsupportedAmount(payment.currency);
  const params: Stripe.PaymentIntentCreateParams = {
    amount,
    currency: payment.currency.toLowerCase(),
    capture_method: 'automatic',
    allowed_payment_method_types: ['card'],
    metadata: {
      tenant: payment.tenantId,
      order_id: payment.orderId,
      payment_id: payment.id,
      env: environment,
    },
    ...more,
  };
  const idempotencyKey = createKey(environment, payment.orderId, payment.keyVersion);
  return timed('payment_intents.create', async () =>
    factsOf(await stripe.paymentIntents.create(params, { idempotencyKey })),
  );
}

async function find(
  { stripe, environment }: StripeAccount,
  payment: ChargedPayment,
  since: Date,
): Promise<IntentFacts | null> {
  const gte = Math.floor(since.getTime() / 1000) - CLOCK_SKEW_SECONDS;
  let found: Stripe.PaymentIntent | undefined;
  for await (const intent of stripe.paymentIntents.list({ created: { gte }, limit: 100 })) {
    const { order_id: orderId, tenant, env } = intent.metadata;
    if (orderId !== payment.orderId || tenant !== payment.tenantId || env !== environment) continue;
    // Should there be two, the one with the money counts.
    if (found === undefined || intent.status === 'succeeded') found = intent;
  }
  return found === undefined ? null : factsOf(found);
}
