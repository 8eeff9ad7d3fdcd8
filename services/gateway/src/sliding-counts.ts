/** Parts that a window is counted in. More of them make the window more exact and each key larger. */
export const BUCKETS = 20;

/** A count of a bucket: its number since the epoch, and the requests in it. */
export type BucketCount = readonly [bucket: number, requests: number];

/**
 * Requests of the last window, in buckets aligned to the clock so that all replicas mean the same by a number. One bucket more
 * than the window is kept and counts in full: never more than the limit in any stretch of a window's length, at the price of
 * up to a twentieth less than the limit for a client that always stays at it.
 */
export class SlidingCounts {
  readonly #bucketMs: number;
  readonly #ring: number[] = Array<number>(BUCKETS + 1).fill(0);
  // Never so near to zero that the ring would reach below it.
  #newest = BUCKETS;
  #sum = 0;

  constructor(windowSeconds: number) {
    this.#bucketMs = (windowSeconds * 1000) / BUCKETS;
  }

  /** Requests within the window that ends now. */
  sum(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sum;
  }

  add(nowMs: number): void {
    this.#advance(nowMs);
    const at = this.#newest % this.#ring.length;
    this.#ring[at] = (this.#ring[at] ?? 0) + 1;
    this.#sum += 1;
  }

  /** The counts that are not zero. */
  counts(nowMs: number): BucketCount[] {
    this.#advance(nowMs);
    const counts: BucketCount[] = [];
    for (let bucket = this.#newest - BUCKETS; bucket <= this.#newest; bucket += 1) {
      const requests = this.#ring[bucket % this.#ring.length] ?? 0;
      if (requests > 0) counts.push([bucket, requests]);
    }
    return counts;
  }

  /**
   * Takes over higher counts; lower ones are older news, since a count only grows. A bucket after the next one is the word of a
   * clock that runs ahead, and following it would drop what still counts.
   */
  raise(counts: readonly BucketCount[], nowMs: number): void {
    this.#advance(nowMs);
    const present = Math.floor(nowMs / this.#bucketMs);
    for (const [bucket, requests] of counts) {
      if (bucket > present + 1 || bucket <= this.#newest - this.#ring.length) continue;
      if (bucket > this.#newest) this.#moveTo(bucket);
      const at = bucket % this.#ring.length;
      const known = this.#ring[at] ?? 0;
      if (requests <= known) continue;
      this.#ring[at] = requests;
      this.#sum += requests - known;
    }
  }

  /** Seconds until the oldest of the counted requests counts no more; 0 when there are none. */
  resetSeconds(nowMs: number): number {
    if (this.sum(nowMs) === 0) return 0;
    let oldest = this.#newest - BUCKETS;
    while (this.#ring[oldest % this.#ring.length] === 0) oldest += 1;
    return Math.max(1, Math.ceil(((oldest + this.#ring.length) * this.#bucketMs - nowMs) / 1000));
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket > this.#newest) this.#moveTo(bucket);
  }

  #moveTo(bucket: number): void {
    if (bucket - this.#newest >= this.#ring.length) {
      this.#ring.fill(0);
      this.#sum = 0;
    } else {
      for (let passed = this.#newest + 1; passed <= bucket; passed += 1) {
        const at = passed % this.#ring.length;
        this.#sum -= this.#ring[at] ?? 0;
        this.#ring[at] = 0;
      }
    }
    this.#newest = bucket;
  }
}
