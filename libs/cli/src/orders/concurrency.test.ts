import { expect, test } from 'vitest';
import { forEachConcurrently } from './concurrency.ts';

test('works on everything once, in order, never on more than the limit at once', async () => {
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  await forEachConcurrently(
    Array.from({ length: 50 }, (_, index) => index),
    4,
    async (item) => {
      begun.push(item);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    },
  );
  expect(begun).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(most).toBe(4);
});

test('a failure begins nothing more, and is told after the rest has ended', async () => {
  const [slow, begun] = [Promise.withResolvers<void>(), new Array<number>()];
  let slowEnded = false;
  const all = forEachConcurrently([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('second');
    if (item === 1) {
      await slow.promise;
      slowEnded = true;
    }
  });
  slow.resolve();
  await expect(all).rejects.toThrow('second');
  expect(slowEnded).toBe(true);
  expect(begun).toEqual([1, 2]);
});

test('nothing to do is done', async () => {
  await expect(forEachConcurrently([], 8, () => Promise.reject(new Error('never')))).resolves.toBeUndefined();
});
