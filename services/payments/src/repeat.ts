import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@zoco/service';

/** Does something again and again until the signal aborts, first after one interval. A failure waits for the next time. */
export async function repeat(
  name: string,
  intervalMs: number,
  log: Logger,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await delay(intervalMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      await work();
    } catch (error) {
      log.warn({ err: error }, `${name} failed; it is tried again`);
    }
  }
}
