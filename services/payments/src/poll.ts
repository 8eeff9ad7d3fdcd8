import { createWaker } from '@zoco/kernel';
import { takeDueWork } from './actions/take-due-work.ts';
import type { PaymentDeps } from './payment-deps.ts';
import type { Work } from './work.ts';

/**
 * Takes due work until the signal aborts: what a crash left behind, what is to be looked at again, what webhooks brought. Any number of
 * replicas may run it.
 */
export async function pollDueWork(
  deps: PaymentDeps,
  work: Work,
  pollMs: number,
  signal: AbortSignal,
): Promise<void> {
  const waker = createWaker(signal);
  work.onWake = waker.wake;
  for (let failures = 0; !signal.aborted;) {
    try {
      const taken = await takeDueWork(deps, work);
      failures = 0;
      if (taken > 0 && work.room > 0) continue;
    } catch (error) {
      failures += 1;
      if (failures % 20 === 5) deps.log.warn({ err: error }, 'due payments cannot be taken at the moment');
    }
    await waker.sleep(pollMs);
  }
  await work.idle();
}
