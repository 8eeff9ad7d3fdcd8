import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { monitorLag } from './event-loop-lag.ts';

const BLOCKED_MS = 300;

test('a turn that takes long is lag, until the monitor is reset', async () => {
  const lag = monitorLag();
  expect(lag.percentileMs(99)).toBe(0);
  // A sample is the time since the one before, so that only the second block is sure to be within one.
  while (lag.percentileMs(100) < BLOCKED_MS / 2) {
    const endMs = performance.now() + BLOCKED_MS;
    while (performance.now() < endMs);
    await turn();
  }
  lag.reset();
  expect(lag.percentileMs(100)).toBe(0);
});
