import { LRUCache } from 'lru-cache';
import { limitExchanges } from './gateway-metrics.ts';
import { LimitEntry, type Members, type Told } from './limit-entry.ts';
import type { Limit } from './rules/rate-limits.ts';
import type { LimitState } from './rules/rate-limits.ts';
import type { BucketCount } from './sliding-counts.ts';

/** How replicas learn of each other's requests. */
export interface Replicas extends Members {
  /** Tells all others what this one has counted, and hears what they have. Those that do not answer in time are left out. */
  exchange(key: string, windowSeconds: number, counts: readonly BucketCount[]): Promise<readonly Told[]>;
}

export interface Verdict {
  readonly states: readonly LimitState[];
  /** Set when the request is refused. */
  readonly refusedBy: Limit | undefined;
  readonly retryAfterSeconds: number;
}

export interface RateLimiterOptions {
  readonly replicas: Replicas;
  /** Limits that are counted at a time; beyond, those that were not used for the longest time are forgotten. */
  readonly keysMax: number;
  /** Wall clock: the replicas count in the same buckets. */
  readonly nowMs: () => number;
}

const ASKED_MAX = 12;
const PAUSE_AFTER_NO_GAIN_MS = 100;

/** Limits that all replicas share, without a question to anybody for most requests. See rules/rate-share.ts. */
export class RateLimiter {
  readonly #replicas: Replicas;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  readonly #entries: LRUCache<string, LimitEntry>;

  constructor({ replicas, keysMax, nowMs }: RateLimiterOptions) {
    this.#replicas = replicas;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
    this.#entries = new LRUCache({ max: keysMax });
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Counts a request against all limits, or against none when one of them is used up. Answers at once, but for the requests
   * that use up this replica's share of a limit: those wait until the others were asked.
   */
  take(limits: readonly Limit[]): Verdict | Promise<Verdict> {
    const nowMs = this.#nowMs();
    return this.#firstDry(limits, nowMs) === undefined
      ? this.#admit(limits, nowMs)
      : this.#takeAsking(limits);
  }

  /** Whether a limit is used up as far as this replica knows; counts nothing. */
  isUsedUp({ key, windowSeconds, requests }: Limit): boolean {
    const entry = this.#entries.get(key);
    return entry?.windowSeconds === windowSeconds && entry.used(this.#nowMs()) >= requests;
  }

  /** Notes what another replica has counted, and answers what this one has. */
  hear(told: Told, key: string, windowSeconds: number): BucketCount[] {
    const entry = this.#entry(key, windowSeconds);
    const nowMs = this.#nowMs();
    entry.see(told, nowMs);
    return entry.counts(nowMs);
  }

  #entry(key: string, windowSeconds: number): LimitEntry {
    const known = this.#entries.get(key);
    if (known?.windowSeconds === windowSeconds) return known;
    const entry = new LimitEntry(key, windowSeconds);
    this.#entries.set(key, entry);
    return entry;
  }

  #firstDry(limits: readonly Limit[], nowMs: number): Limit | undefined {
    return limits.find((limit) => {
      const entry = this.#entry(limit.key, limit.windowSeconds);
      if (!entry.hasRoom(limit, this.#replicas, nowMs)) return true;
      // A newcomer knows nothing of what was used before it came, so for the length of a window it asks first.
      const isNew = nowMs - this.#startedMs < limit.windowSeconds * 1000;
      return isNew && this.#replicas.ids.length > 1 && !entry.informed && nowMs >= entry.askAgainMs;
    });
  }

  async #takeAsking(limits: readonly Limit[]): Promise<Verdict> {
    for (let asked = 0; ; asked += 1) {
      const nowMs = this.#nowMs();
      const dry = this.#firstDry(limits, nowMs);
      if (dry === undefined) return this.#admit(limits, nowMs);
      const entry = this.#entry(dry.key, dry.windowSeconds);
      if (asked >= ASKED_MAX || !this.#isWorthAsking(entry, dry, nowMs))
        return this.#refuse(limits, dry, nowMs);
      // Whoever comes in the meantime waits for the same answers.
      entry.asking ??= this.#ask(entry, dry).finally(() => (entry.asking = undefined));
      await entry.asking;
    }
  }

  #isWorthAsking(entry: LimitEntry, limit: Limit, nowMs: number): boolean {
    const alone = this.#replicas.ids.length === 1;
    return !alone && nowMs >= entry.askAgainMs && entry.used(nowMs) < limit.requests;
  }

  async #ask(entry: LimitEntry, limit: Limit): Promise<void> {
    limitExchanges.inc();
    const { ids, own, generation } = this.#replicas;
    const counts = entry.counts(this.#nowMs());
    const answers = await this.#replicas.exchange(entry.key, entry.windowSeconds, counts);
    const nowMs = this.#nowMs();
    for (const told of answers) entry.see(told, nowMs);
    const all = ids.every((id) => id === own || answers.some(({ replica }) => replica === id));
    if (all) entry.confirm(counts, generation, nowMs);
    if (!all || !entry.hasRoom(limit, this.#replicas, nowMs))
      entry.askAgainMs = nowMs + PAUSE_AFTER_NO_GAIN_MS;
  }

  #admit(limits: readonly Limit[], nowMs: number): Verdict {
    const states = limits.map((limit) => {
      const entry = this.#entry(limit.key, limit.windowSeconds);
      entry.add(nowMs);
      return entry.state(limit, nowMs);
    });
    return { states, refusedBy: undefined, retryAfterSeconds: 0 };
  }

  #refuse(limits: readonly Limit[], refusedBy: Limit, nowMs: number): Verdict {
    let retryAfterSeconds = 1;
    const states = limits.map((limit) => {
      const state = this.#entry(limit.key, limit.windowSeconds).state(limit, nowMs);
      if (limit !== refusedBy) return state;
      retryAfterSeconds = Math.max(1, state.resetSeconds);
      return { ...state, remaining: 0 };
    });
    return { states, refusedBy, retryAfterSeconds };
  }
}
