import { expect, test } from 'vitest';
import { reconcileDelaySeconds } from './reconcile.ts';

test('each look waits twice as long as the one before, up to the maximum', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 100].map((tries) => reconcileDelaySeconds(tries, 30, 600));
  expect(waits).toEqual([30, 30, 60, 120, 240, 480, 600, 600]);
});
