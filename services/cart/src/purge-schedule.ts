import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@zoco/postgres';
import type { Logger } from '@zoco/service';
import { purgeCarts } from './actions/purge-carts.ts';

const HOUR_MS = 3_600_000;

/** Purges old carts every hour until the signal aborts. The first time is random, so that replicas do not march in step. */
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
    try {
      const count = await purgeCarts(db, days);
      if (count > 0) log.info({ count }, 'old carts are purged');
    } catch (error) {
      log.warn({ err: error }, 'old carts could not be purged');
    }
  }
}
