import { monitorEventLoopDelay } from 'node:perf_hooks';

// Each sample wakes the process: at the usual ten milliseconds that is most of what an idle pod does.
const SAMPLE_MS = 50;

/** How late the turns of the event loop are, since the last reset. */
export interface LagMonitor {
  /** Milliseconds that `percentile` (0 to 100) of the samples stay within; 0 before the first one. */
  percentileMs(percentile: number): number;
  reset(): void;
}

/** Samples the lag of this process's event loop from now on, for one reader. */
export function monitorLag(): LagMonitor {
  const intervals = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  intervals.enable();
  return {
    // The interval that was asked for is no lag.
    percentileMs: (percentile) => Math.max(0, intervals.percentile(percentile) / 1e6 - SAMPLE_MS),
    reset: () => intervals.reset(),
  };
}
