import { setTimeout as delay } from 'node:timers/promises';
import { addMetricSample } from '@zoco/service';
import { countOversold } from './actions/count-oversold.ts';
import { type ReaperDeps, reapReservations } from './actions/reap-reservations.ts';
import { oversoldProducts } from './metrics.ts';

const MINUTE_MS = 60_000;
// It reads the whole table.
const STOCK_MS = 30_000;

/** Looks for forgotten reservations about once a minute, and for oversold stock at scrapes, until the signal aborts. */
export async function runReaper(deps: ReaperDeps, signal: AbortSignal): Promise<void> {
  using _stock = addMetricSample({
    name: 'stock',
    everyMs: STOCK_MS,
    take: async () => oversoldProducts.set(await countOversold(deps.db)),
  });
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
