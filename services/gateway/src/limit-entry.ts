import type { Limit, LimitState } from './rules/rate-limits.ts';
import { allowance } from './rules/rate-share.ts';
import { type BucketCount, SlidingCounts } from './sliding-counts.ts';

/** What another replica has counted of a limit. */
export interface Told {
  readonly replica: string;
  readonly counts: readonly BucketCount[];
}

/** The replicas that share the limits. */
export interface Members {
  /** Ids of all that are alive, in the same order everywhere; `own` is among them. */
  readonly ids: readonly string[];
  readonly own: string;
  /** Changes whenever one joins. */
  readonly generation: number;
}

/** What is known of one limit: the requests of this replica and, once they were exchanged, those of the others. */
export class LimitEntry {
  readonly key: string;
  readonly windowSeconds: number;
  /** Set while the others are being asked. */
  asking: Promise<void> | undefined;
  askAgainMs = 0;
  readonly #own: SlidingCounts;
  /** As much of `own` as every other replica has confirmed. */
  #confirmed: SlidingCounts | undefined;
  /** Of the other replicas, by id; those of one that is gone count until they are out of the window. */
  #seen: Map<string, SlidingCounts> | undefined;
  #generation = 0;

  constructor(key: string, windowSeconds: number) {
    this.key = key;
    this.windowSeconds = windowSeconds;
    this.#own = new SlidingCounts(windowSeconds);
  }

  /** Requests of all replicas, as far as this one knows. */
  used(nowMs: number): number {
    return this.#own.sum(nowMs) + this.#sumSeen(nowMs);
  }

  /** Whether this replica's share lets one more through. */
  hasRoom(limit: Limit, members: Members, nowMs: number): boolean {
    const { length: replicas } = members.ids;
    if (replicas === 1) return this.used(nowMs) < limit.requests;
    const confirmed = this.#generation === members.generation ? (this.#confirmed?.sum(nowMs) ?? 0) : 0;
    const rank = (members.ids.indexOf(members.own) + hash(this.key)) % replicas;
    const known = { limit: limit.requests, replicas, rank, confirmed, seen: this.#sumSeen(nowMs) };
    return this.#own.sum(nowMs) < allowance(known);
  }

  /** Whether the others have ever told what they counted. */
  get informed(): boolean {
    return this.#seen !== undefined;
  }

  add(nowMs: number): void {
    this.#own.add(nowMs);
  }

  counts(nowMs: number): BucketCount[] {
    return this.#own.counts(nowMs);
  }

  /** Takes over what another replica has counted. */
  see({ replica, counts }: Told, nowMs: number): void {
    this.#seen ??= new Map();
    let seen = this.#seen.get(replica);
    if (seen === undefined) {
      for (const [id, old] of this.#seen) if (old.sum(nowMs) === 0) this.#seen.delete(id);
      seen = new SlidingCounts(this.windowSeconds);
      this.#seen.set(replica, seen);
    }
    seen.raise(counts, nowMs);
  }

  /** All replicas of this generation know of these counts of ours. */
  confirm(counts: readonly BucketCount[], generation: number, nowMs: number): void {
    if (this.#generation !== generation) this.#confirmed = undefined;
    this.#generation = generation;
    this.#confirmed ??= new SlidingCounts(this.windowSeconds);
    this.#confirmed.raise(counts, nowMs);
  }

  state(limit: Limit, nowMs: number): LimitState {
    const remaining = Math.max(0, limit.requests - this.used(nowMs));
    let resetSeconds = this.#own.resetSeconds(nowMs);
    for (const counts of this.#seen?.values() ?? []) {
      const seconds = counts.resetSeconds(nowMs);
      if (seconds > 0 && (resetSeconds === 0 || seconds < resetSeconds)) resetSeconds = seconds;
    }
    return { limit, remaining, resetSeconds };
  }

  #sumSeen(nowMs: number): number {
    if (this.#seen === undefined) return 0;
    let sum = 0;
    for (const counts of this.#seen.values()) sum += counts.sum(nowMs);
    return sum;
  }
}

/** Spreads over the replicas who gets the remainder of a division. */
function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index += 1)
    value = (Math.imul(value, 31) + text.charCodeAt(index)) >>> 0;
  return value;
}
