import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingCounts } from './sliding-counts.ts';

const START_MS = 1_800_000_000_000;

/** How many of the times lie in the window of this length that ends at the last of them. */
const within = (times: readonly number[], endMs: number, lengthMs: number) =>
  times.filter((time) => time > endMs - lengthMs && time <= endMs).length;

describe('SlidingCounts', () => {
  test('counts at least all of the last window, and nothing older than a twentieth more', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 100 });
    fc.assert(
      fc.property(fc.constantFrom(1, 10, 60), waits, (windowSeconds, steps) => {
        const counts = new SlidingCounts(windowSeconds);
        const times: number[] = [];
        let nowMs = START_MS;
        for (const waitMs of steps) {
          nowMs += waitMs;
          counts.add(nowMs);
          times.push(nowMs);
          const windowMs = windowSeconds * 1000;
          expect(counts.sum(nowMs)).toBeGreaterThanOrEqual(within(times, nowMs, windowMs));
          expect(counts.sum(nowMs)).toBeLessThanOrEqual(within(times, nowMs, windowMs * 1.05));
        }
      }),
    );
  });

  test('a copy that heard all counts is equal, in whatever order and however often it heard them', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(waits, fc.infiniteStream(fc.nat()), (steps, chances) => {
        const original = new SlidingCounts(10);
        const copy = new SlidingCounts(10);
        const news: ReturnType<SlidingCounts['counts']>[] = [];
        let nowMs = START_MS;
        for (const waitMs of steps) {
          nowMs += waitMs;
          original.add(nowMs);
          news.push(original.counts(nowMs));
          const old = news[(chances.next().value ?? 0) % news.length] ?? [];
          copy.raise(old, nowMs);
          expect(copy.sum(nowMs)).toBeLessThanOrEqual(original.sum(nowMs));
        }
        copy.raise(original.counts(nowMs), nowMs);
        expect(copy.counts(nowMs)).toEqual(original.counts(nowMs));
        expect(copy.sum(nowMs)).toBe(original.sum(nowMs));
      }),
    );
  });

  test('tells when the oldest counts no more', () => {
    const counts = new SlidingCounts(10);
    expect(counts.resetSeconds(START_MS)).toBe(0);
    counts.add(START_MS);
    counts.add(START_MS + 5000);
    expect(counts.resetSeconds(START_MS + 5000)).toBe(6);
    const atMs = START_MS + 5000 + counts.resetSeconds(START_MS + 5000) * 1000;
    expect(counts.sum(atMs)).toBe(1);
  });

  test('does not follow a clock that runs ahead', () => {
    const counts = new SlidingCounts(10);
    counts.add(START_MS);
    counts.raise([[START_MS / 500 + 1000, 5]], START_MS);
    expect(counts.sum(START_MS)).toBe(1);
  });

  test('a clock that is set back counts into the newest bucket', () => {
    const counts = new SlidingCounts(10);
    counts.add(START_MS);
    counts.add(START_MS - 60_000);
    expect(counts.sum(START_MS)).toBe(2);
  });
});
