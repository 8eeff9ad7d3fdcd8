/**
 * Seconds until the next look at something whose outcome is not known: doubling from `firstSeconds` to `maxSeconds`.
 * @param tries looks so far, at least 1
 */
export function reconcileDelaySeconds(tries: number, firstSeconds: number, maxSeconds: number): number {
  return Math.min(maxSeconds, firstSeconds * 2 ** Math.min(Math.max(tries, 1) - 1, 30));
}
