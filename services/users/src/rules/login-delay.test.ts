import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT_MEMORY_SECONDS,
  ADDRESS_FAILURES_MAX,
  delayAfterSeconds,
  type FailureCount,
  loginWaitSeconds,
  TENANT_FAILURES_MAX,
  WINDOW_SECONDS,
} from './login-delay.ts';

const count = (
  failures: number,
  sinceLastSeconds = 0,
  sinceFirstSeconds = sinceLastSeconds,
): FailureCount => ({
  failures,
  sinceFirstSeconds,
  sinceLastSeconds,
});
const wait = (counts: { account?: FailureCount; address?: FailureCount; tenant?: FailureCount }) =>
  loginWaitSeconds({ account: counts.account, address: counts.address, tenant: counts.tenant });

describe('the pause of an account', () => {
  test.each([
    [0, 0],
    [4, 0],
    [5, 1],
    [6, 2],
    [7, 4],
    [8, 8],
    [9, 16],
    [10, 32],
    [11, 60],
    [14, 60],
    [15, 150],
    [100_000, 150],
  ])('after %i failures: %i s', (failures, seconds) => expect(delayAfterSeconds(failures)).toBe(seconds));

  test.each([
    ['just failed', count(8, 0), 8],
    ['half of it is over', count(8, 4), 4],
    ['a part of a second counts as a whole one', count(8, 7.2), 1],
    ['it is over', count(8, 8), 0],
    ['long ago', count(100, ACCOUNT_MEMORY_SECONDS), 0],
  ])('%s', (_name, account, seconds) => expect(wait({ account })).toBe(seconds));

  test('never grows while one waits, and always ends', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(4000), fc.nat(4000), (failures, early, later) => {
        const [sooner, after] = [Math.min(early, later), Math.max(early, later)];
        expect(wait({ account: count(failures, after) })).toBeLessThanOrEqual(
          wait({ account: count(failures, sooner) }),
        );
        expect(wait({ account: count(failures, 150) })).toBe(0);
      }),
    );
  });

  test('one who guesses as fast as he may gets at most 40 guesses in any hour', () => {
    const at: number[] = [];
    let now = 0;
    for (let failures = 0; now < 5 * 3600; failures += 1) {
      at.push(now);
      now += delayAfterSeconds(failures + 1);
    }
    const inHourFrom = (start: number) => at.filter((time) => time >= start && time < start + 3600).length;
    expect(Math.max(...at.map(inHourFrom))).toBeLessThanOrEqual(40);
  });
});

describe('windows of network and tenant', () => {
  test.each([
    ['one below the limit', { address: count(ADDRESS_FAILURES_MAX - 1, 0, 10) }, 0],
    ['at the limit', { address: count(ADDRESS_FAILURES_MAX, 0, 10) }, WINDOW_SECONDS - 10],
    ['the window is over', { address: count(ADDRESS_FAILURES_MAX, 0, WINDOW_SECONDS) }, 0],
    ['the tenant below the limit', { tenant: count(TENANT_FAILURES_MAX - 1, 0, 1) }, 0],
    ['the tenant at the limit', { tenant: count(TENANT_FAILURES_MAX, 0, 1) }, WINDOW_SECONDS - 1],
    [
      'the longest pause holds',
      { account: count(5, 0), tenant: count(TENANT_FAILURES_MAX, 0, 0) },
      WINDOW_SECONDS,
    ],
  ])('%s', (_name, counts, seconds) => expect(wait(counts)).toBe(seconds));

  test('nothing counted, nothing to wait for', () => expect(wait({})).toBe(0));
});
