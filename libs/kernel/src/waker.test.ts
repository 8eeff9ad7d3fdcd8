import { expect, test } from 'vitest';
import { createWaker } from './waker.ts';

const LONG_MS = 2_000_000;

test('a wake-up ends the sleep; one that came while awake ends the next', async () => {
  const waker = createWaker(new AbortController().signal);
  const sleeping = waker.sleep(LONG_MS);
  waker.wake();
  expect(await sleeping).toBe(true);
  waker.wake();
  expect(await waker.sleep(LONG_MS)).toBe(true);
  expect(await waker.sleep(1)).toBe(false);
});

test('after the end nobody sleeps any more, however often', async () => {
  const stop = new AbortController();
  const waker = createWaker(stop.signal);
  const sleeping = waker.sleep(LONG_MS);
  stop.abort();
  expect(await sleeping).toBe(true);
  expect(await waker.sleep(LONG_MS)).toBe(true);
  expect(await createWaker(stop.signal).sleep(LONG_MS)).toBe(true);
});
