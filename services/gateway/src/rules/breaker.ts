import { count, NO_COUNTS, type RollingCounts, sumOf } from './rolling-counts.ts';

/** Whether a service is asked at all. `half_open`: one probe is on its way and decides. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly counts: RollingCounts }
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'half_open'; readonly probeUntilMs: number };

export type Admittance =
  | { readonly admitted: true; readonly state: BreakerState; readonly probe: boolean }
  | { readonly admitted: false; readonly retryAfterSeconds: number };

export const CLOSED: BreakerState = { kind: 'closed', counts: NO_COUNTS };

const FAILURES_SHARE = 0.5;
const REQUESTS_MIN = 20;
const OPEN_MS = 5000;
// A probe that never reports (its process was stopped for a while) must not keep the breaker half open for ever.
const PROBE_MS_MAX = 15_000;

/** Whether a request may go out now. The first one after an open time is the probe; the others wait for its outcome. */
export function admit(state: BreakerState, nowMs: number): Admittance {
  if (state.kind === 'closed') return { admitted: true, state, probe: false };
  const untilMs = state.kind === 'open' ? state.untilMs : state.probeUntilMs;
  if (nowMs < untilMs) {
    const seconds = state.kind === 'open' ? (untilMs - nowMs) / 1000 : 1;
    return { admitted: false, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) };
  }
  return { admitted: true, state: { kind: 'half_open', probeUntilMs: nowMs + PROBE_MS_MAX }, probe: true };
}

/**
 * Takes the outcome of an admitted request into account: open at half or more failures among at least twenty in ten seconds.
 * What was on its way before the breaker opened changes nothing; only the probe closes it or opens it again.
 */
export function report(state: BreakerState, failed: boolean, probe: boolean, nowMs: number): BreakerState {
  if (state.kind !== 'closed') {
    if (!probe || state.kind === 'open') return state;
    return failed ? { kind: 'open', untilMs: nowMs + OPEN_MS } : CLOSED;
  }
  let counts = count(state.counts, 'requests', nowMs);
  if (!failed) return { kind: 'closed', counts };
  counts = count(counts, 'failures', nowMs);
  const requests = sumOf(counts, 'requests', nowMs);
  const opens = requests >= REQUESTS_MIN && sumOf(counts, 'failures', nowMs) >= requests * FAILURES_SHARE;
  return opens ? { kind: 'open', untilMs: nowMs + OPEN_MS } : { kind: 'closed', counts };
}

/** An admitted request that was given up by its client says nothing about the service; a probe's place is free again. */
export function withdraw(state: BreakerState, probe: boolean, nowMs: number): BreakerState {
  return probe && state.kind === 'half_open' ? { kind: 'open', untilMs: nowMs } : state;
}
