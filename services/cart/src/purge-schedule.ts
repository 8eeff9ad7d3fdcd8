import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@zoco/postgres';
import type { Logger } from '@zoco/service';
import { purgeCarts, purgeCheckouts } from './actions/purge-carts.ts';

const HOUR_MS = 3_600_000;
const PURGES = [
  ['checkouts', purgeCheckouts],
  ['carts', purgeCarts],
] as const;

/** Purges old checkouts and carts every hour until the signal aborts. The first time is random, so that replicas do not march in step. */
export async function purgeHourly(
  db: Database,
  days: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = Math.random() * HOUR_MS;
  while (!signal.aborted) {
    await delay(waitMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    waitMs = HOUR_MS;
    // One that cannot be done keeps none of the others from being done.
    for (const [what, purge] of PURGES) {
      try {
        const count = await purge(db, days);
        if (count > 0) log.info({ count, what }, 'what is old is purged');
      } catch (error) {
        log.warn({ err: error, what }, 'what is old could not be purged');
      }
    }
  }
}
