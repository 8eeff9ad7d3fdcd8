import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Told } from './limit-entry.ts';
import { RateLimiter, type Replicas } from './rate-limiter.ts';
import type { Limit } from './rules/rate-limits.ts';

const limit = (requests: number, key = 'k', windowSeconds = 10): Limit => ({
  policy: 'user',
  key,
  requests,
  windowSeconds,
});

/** Replicas in one process; `wire` decides when, and whether, a message arrives. */
function replicate(count: number, clock: { nowMs: number }, wire: () => Promise<boolean>) {
  const ids = Array.from({ length: count }, (_, index) => `replica-${index}`);
  const limiters = new Map<string, RateLimiter>();
  for (const own of ids) {
    const replicas: Replicas = {
      ids,
      own,
      generation: 0,
      async exchange(key, windowSeconds, counts) {
        const answers = ids.map(async (id): Promise<Told | undefined> => {
          const other = limiters.get(id);
          if (id === own || other === undefined || !(await wire())) return undefined;
          const told = other.hear({ replica: own, counts }, key, windowSeconds);
          return (await wire()) ? { replica: id, counts: told } : undefined;
        });
        return (await Promise.all(answers)).filter((told) => told !== undefined);
      },
    };
    limiters.set(own, new RateLimiter({ replicas, keysMax: 1000, nowMs: () => clock.nowMs }));
  }
  return [...limiters.values()];
}

const arrives = () => Promise.resolve(true);

async function burst(limiter: RateLimiter | undefined, requests: number, one: Limit): Promise<number> {
  const verdicts = await Promise.all(Array.from({ length: requests }, async () => limiter?.take([one])));
  return verdicts.filter((verdict) => verdict !== undefined && verdict.refusedBy === undefined).length;
}

describe('one replica', () => {
  test('lets through exactly the limit, and tells what is left', async () => {
    const clock = { nowMs: 1e12 };
    const [limiter] = replicate(1, clock, arrives);
    expect(await limiter?.take([limit(3)])).toMatchObject({
      refusedBy: undefined,
      states: [{ remaining: 2 }],
    });
    expect(await burst(limiter, 5, limit(3))).toBe(2);
    const refused = await limiter?.take([limit(3)]);
    expect(refused).toMatchObject({
      refusedBy: { key: 'k' },
      retryAfterSeconds: 11,
      states: [{ remaining: 0 }],
    });
    clock.nowMs += 11_000;
    expect(await burst(limiter, 5, limit(3))).toBe(3);
  });

  test('a refusal by one limit counts against none', async () => {
    const [limiter] = replicate(1, { nowMs: 1e12 }, arrives);
    await burst(limiter, 2, limit(2, 'user'));
    for (let index = 0; index < 5; index += 1) await limiter?.take([limit(2, 'user'), limit(10, 'tenant')]);
    expect(await burst(limiter, 20, limit(10, 'tenant'))).toBe(10);
  });

  test('a changed window begins anew', async () => {
    const [limiter] = replicate(1, { nowMs: 1e12 }, arrives);
    await burst(limiter, 2, limit(2));
    expect(await burst(limiter, 9, limit(5, 'k', 60))).toBe(5);
  });

  test('remembers a bounded number of keys', async () => {
    const [limiter] = replicate(1, { nowMs: 1e12 }, arrives);
    for (let index = 0; index < 5000; index += 1) await limiter?.take([limit(1, `key-${index}`)]);
    expect(limiter?.size).toBe(1000);
  });
});

describe('replicas together', () => {
  test.each([2, 3, 5])(
    '%d replicas under a burst let through the limit, all of it and no more',
    async (count) => {
      const limiters = replicate(count, { nowMs: 1e12 }, arrives);
      const admitted = await Promise.all(limiters.map((limiter) => burst(limiter, 300, limit(100))));
      const sum = admitted.reduce((total, one) => total + one, 0);
      expect(sum).toBeLessThanOrEqual(100 + Math.floor((count - 1) / 2));
      expect(sum).toBeGreaterThanOrEqual(100 - count);
    },
  );

  test('a client that always reaches the same replica gets (nearly) all of its limit', async () => {
    const [first] = replicate(2, { nowMs: 1e12 }, arrives);
    expect(await burst(first, 300, limit(100))).toBeGreaterThanOrEqual(99);
  });

  test('most requests ask nobody', async () => {
    let messages = 0;
    const clock = { nowMs: 1e12 };
    const [first, second] = replicate(2, clock, () => Promise.resolve((messages += 1) > 0));
    clock.nowMs += 60_000;
    expect(await burst(first, 400, limit(1000))).toBe(400);
    expect(await burst(second, 400, limit(1000))).toBe(400);
    expect(messages).toBe(0);
  });

  test('while nobody hears the others, each keeps to its share', async () => {
    const clock = { nowMs: 1e12 };
    const limiters = replicate(2, clock, () => Promise.resolve(false));
    clock.nowMs += 60_000;
    const admitted = await Promise.all(limiters.map((limiter) => burst(limiter, 300, limit(100))));
    expect(admitted).toEqual([50, 50]);
  });

  test('whatever is lost, late or out of order: never more than the limit in any window', async () => {
    const step = fc.record({
      replica: fc.nat({ max: 2 }),
      requests: fc.integer({ min: 1, max: 8 }),
      waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
      settle: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 25 }),
        fc.array(step, { maxLength: 40 }),
        fc.infiniteStream(fc.nat({ max: 9 })),
        async (scheduler, count, requests, steps, luck) => {
          const clock = { nowMs: 1e12 };
          const wire = () => scheduler.schedule(Promise.resolve(luck.next().value !== 0));
          const limiters = replicate(count, clock, wire);
          clock.nowMs += 20_000;
          const admittedMs: number[] = [];
          const pending: Promise<void>[] = [];
          for (const { replica, requests: arriving, waitMs, settle } of steps) {
            clock.nowMs += waitMs;
            for (let index = 0; index < arriving; index += 1) {
              const verdict = limiters[replica % count]?.take([limit(requests)]);
              pending.push(
                Promise.resolve(verdict).then((given) => {
                  if (given?.refusedBy === undefined) admittedMs.push(clock.nowMs);
                }),
              );
            }
            await Promise.resolve();
            if (settle && scheduler.count() > 0) await scheduler.waitOne();
          }
          await scheduler.waitIdle();
          await Promise.all(pending);
          for (const endMs of admittedMs) {
            const inWindow = admittedMs.filter((ms) => ms > endMs - 10_000 && ms <= endMs).length;
            expect(inWindow).toBeLessThanOrEqual(requests + Math.floor((count - 1) / 2));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
