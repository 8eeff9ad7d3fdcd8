import type { Stripe } from 'stripe';
import type { StripeAccount } from './intent-calls.ts';
import { fromStripeAmount, toStripeAmount } from './rules/stripe-amount.ts';
import { timed, unsupportedAmount } from './stripe-outcome.ts';

/** A refund in our terms. */
export interface RefundFacts {
  readonly providerId: string;
  readonly amountCents: number | null;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly failureCode: string | null;
  /** Id of ours that we put on it; undefined for one that was made elsewhere. */
  readonly refundId: string | undefined;
}

export interface AskedRefund {
  readonly intentId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Calls about refunds. */
export function createRefundCalls({ stripe, environment }: StripeAccount) {
  return {
    async createRefund(refund: AskedRefund, idempotencyKey: string) {
      const amount = toStripeAmount(refund.amountCents, refund.currency);
      if (amount === null) return unsupportedAmount(refund.currency);
      const metadata = { ...refund.metadata, env: environment };
      const params = { payment_intent: refund.intentId, amount, metadata };
      return timed('refunds.create', async () =>
        refundFactsOf(await stripe.refunds.create(params, { idempotencyKey })),
      );
    },

    retrieveRefund: (providerId: string) =>
      timed('refunds.retrieve', async () => refundFactsOf(await stripe.refunds.retrieve(providerId))),

    /** All refunds of an intent, newest first. */
    listRefunds: (intentId: string) =>
      timed('refunds.list', async (): Promise<RefundFacts[]> => {
        const found: RefundFacts[] = [];
        for await (const refund of stripe.refunds.list({ payment_intent: intentId, limit: 100 })) {
          found.push(refundFactsOf(refund));
        }
        return found;
      }),
  };
}

function refundFactsOf(refund: Stripe.Refund): RefundFacts {
  return {
    providerId: refund.id,
    amountCents: fromStripeAmount(refund.amount, refund.currency.toUpperCase()),
    status: statusOf(refund.status),
    failureCode: refund.failure_reason ?? null,
    refundId: refund.metadata?.['refund_id'],
  };
}

function statusOf(status: string | null): RefundFacts['status'] {
  if (status === 'succeeded') return status;
  return status === 'failed' || status === 'canceled' ? 'failed' : 'pending';
}
