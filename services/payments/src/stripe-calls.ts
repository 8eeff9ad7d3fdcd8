import { createIntentCalls, type StripeAccount } from './intent-calls.ts';
import { createRefundCalls } from './refund-calls.ts';

export type StripeCalls = ReturnType<typeof createStripeCalls>;

/** Every call to Stripe that this service makes. */
export function createStripeCalls(account: StripeAccount) {
  const { stripe, environment } = account;
  const since = (time: Date) => ({ gte: Math.floor(time.getTime() / 1000) });
  return {
    environment,
    ...createIntentCalls(account),
    ...createRefundCalls(account),

    /** Events since `time` that no endpoint has taken. */
    undeliveredEvents: (time: Date) =>
      stripe.events.list({ delivery_success: false, created: since(time), limit: 100 }),

    /** What moved the account's balance because of charges from `from` on and before `until`, with the charges; newest first. */
    chargeTransactions: (from: Date, until: Date) =>
      stripe.balanceTransactions.list({
        type: 'charge',
        created: { ...since(from), lt: since(until).gte },
        expand: ['data.source'],
        limit: 100,
      }),
  };
}
