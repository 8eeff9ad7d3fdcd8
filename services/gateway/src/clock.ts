/** The two clocks of a gateway, in milliseconds. */
export interface Clock {
  /** Never goes back; for time limits and circuit breakers. */
  monotonicMs(): number;
  /** The same in all replicas; for rate limits. */
  wallMs(): number;
}

export const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
