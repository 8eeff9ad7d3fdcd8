import { setTimeout as delay } from 'node:timers/promises';
import { type ReaperDeps, reapReservations } from './actions/reap-reservations.ts';

const MINUTE_MS = 60_000;

/** Looks for forgotten reservations about once a minute until the signal aborts. */
export async function runReaper(deps: ReaperDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Not all replicas at once.
    await delay(MINUTE_MS * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    try {
      await reapReservations(deps);
    } catch (error) {
      deps.log.warn({ err: error }, 'forgotten reservations could not be looked for');
    }
  }
}
