import type { PaymentDeps } from '../payment-deps.ts';
import { parseEvent } from '../stripe-event.ts';
import type { Work } from '../work.ts';
import { receiveStripeEvent } from './receive-stripe-event.ts';

/**
 * Takes the events that Stripe could not deliver since `since`. Those that came another way meanwhile are known and skipped.
 * @returns how many Stripe listed
 */
export async function fillEventGap(deps: PaymentDeps, work: Work, since: Date): Promise<number> {
  let listed = 0;
  for await (const event of deps.stripe.undeliveredEvents(since)) {
    listed += 1;
    const parsed = parseEvent(event);
    if (parsed !== undefined) await receiveStripeEvent(deps, work, parsed);
  }
  return listed;
}
