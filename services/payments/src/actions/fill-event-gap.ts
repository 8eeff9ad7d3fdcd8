import type { PaymentDeps } from '../payment-deps.ts';
import { parseEvent } from '../stripe-event.ts';
import type { Work } from '../work.ts';
import { receiveStripeEvent } from './receive-stripe-event.ts';

/**
 * Takes the events that Stripe could not deliver since `since`. Those that came another way meanwhile are known and skipped.
 * One that cannot be taken keeps none of the others out.
 * @returns how many Stripe listed
 * @throws AggregateError of those that could not be taken, after all have been tried
 */
export async function fillEventGap(deps: PaymentDeps, work: Work, since: Date): Promise<number> {
  let listed = 0;
  const failures: unknown[] = [];
  for await (const event of deps.stripe.undeliveredEvents(since)) {
    listed += 1;
    const parsed = parseEvent(event);
    if (parsed === undefined) continue;
    try {
      await receiveStripeEvent(deps, work, parsed);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'events of Stripe could not be taken');
  return listed;
}
