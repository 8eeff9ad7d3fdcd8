/** What happened lately, counted per second. */
export interface RollingCounts {
  readonly seconds: readonly SecondCounts[];
}

export interface SecondCounts {
  readonly second: number;
  readonly requests: number;
  readonly failures: number;
  readonly retries: number;
}

export type Counted = 'requests' | 'failures' | 'retries';

export const WINDOW_SECONDS = 10;
export const NO_COUNTS: RollingCounts = { seconds: [] };

/** Counts one more; seconds that have left the window are forgotten. */
export function count(counts: RollingCounts, what: Counted, nowMs: number): RollingCounts {
  const second = Math.floor(nowMs / 1000);
  const { seconds } = counts;
  const newest = seconds.at(-1);
  if (newest?.second === second) {
    return { seconds: [...seconds.slice(0, -1), { ...newest, [what]: newest[what] + 1 }] };
  }
  const kept = seconds.filter((one) => one.second > second - WINDOW_SECONDS);
  return { seconds: [...kept, { second, requests: 0, failures: 0, retries: 0, [what]: 1 }] };
}

/** The sum over the window that ends now. */
export function sumOf(counts: RollingCounts, what: Counted, nowMs: number): number {
  const oldest = Math.floor(nowMs / 1000) - WINDOW_SECONDS;
  return counts.seconds.reduce((sum, one) => (one.second > oldest ? sum + one[what] : sum), 0);
}
