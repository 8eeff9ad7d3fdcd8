/**
 * Exponential back-off with full jitter: a random delay in [0, min(maxMs, firstMs * 2^attempt)).
 * @param attempt 0 for the first retry
 * @param random a number in [0, 1), passed in so that the function stays pure
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(attempt: number, firstMs: number, maxMs: number, random: number): number {
  // 2 ** 30 is past every sensible maximum; the cap keeps the product finite for long outages.
  return Math.floor(random * Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30)));
}
