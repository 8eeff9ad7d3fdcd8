import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasBudget, isUnavailable, mayRetry } from './retry.ts';
import { count, NO_COUNTS, sumOf } from './rolling-counts.ts';

const first = {
  method: 'GET',
  retries: 0,
  failure: 'broken',
  timeLeftMs: 5000,
  counts: NO_COUNTS,
  nowMs: 0,
} as const;

describe('mayRetry', () => {
  test.each([
    ['a GET whose connection broke', {}, true],
    ['a GET a second time', { retries: 1 }, true],
    ['a GET a third time', { retries: 2 }, false],
    ['a HEAD', { method: 'HEAD' }, true],
    ['a GET without time', { timeLeftMs: 99 }, false],
    ['a POST of which nothing was sent', { method: 'POST', failure: 'not_sent' }, true],
    ['the same for the second time', { method: 'POST', failure: 'not_sent', retries: 1 }, false],
    ['a POST that may have arrived', { method: 'POST' }, false],
    ['a POST that was answered 503', { method: 'POST', failure: 'unavailable' }, false],
    ['a DELETE that may have arrived', { method: 'DELETE' }, false],
  ] as const)('%s', (_name, change, expected) => {
    expect(mayRetry({ ...first, ...change })).toBe(expected);
  });
});

test('an answer that says when to come back is passed on', () => {
  expect(isUnavailable(503, undefined)).toBe(true);
  expect(isUnavailable(503, '1')).toBe(false);
  expect(isUnavailable(500, undefined)).toBe(false);
});

test('a service that fails all the time is asked at most so often', () => {
  const event = fc.record({
    waitMs: fc.integer({ min: 0, max: 500 }),
    requests: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 150 }), (events) => {
      let counts = NO_COUNTS;
      let [nowMs, requests, retries] = [0, 0, 0];
      for (const { waitMs, requests: arriving } of events) {
        nowMs += waitMs;
        for (let index = 0; index < arriving; index += 1) {
          counts = count(counts, 'requests', nowMs);
          requests += 1;
          for (let made = 0; made < 2 && hasBudget(counts, nowMs); made += 1) {
            counts = count(counts, 'retries', nowMs);
            retries += 1;
          }
        }
      }
      const windows = Math.floor(nowMs / 10_000) + 1;
      // A request pays into the windows that begin and end with it, so its fifth can count twice.
      expect(retries).toBeLessThanOrEqual(100 * windows + 0.4 * requests + windows);
      expect(sumOf(counts, 'retries', nowMs)).toBeLessThanOrEqual(100 + 0.4 * requests + 1);
    }),
  );
});
