import { expect, test } from 'vitest';
import { createTries } from './tries.ts';

test('counts by event, and begins anew with one that came to its end', () => {
  const tries = createTries();
  expect([tries.fail({ seq: 7 }), tries.fail({ seq: 7 }), tries.fail({ seq: 8 })]).toEqual([1, 2, 1]);
  tries.forget({ seq: 7 });
  expect([tries.fail({ seq: 7 }), tries.fail({ seq: 8 })]).toEqual([1, 2]);
});

test('remembers those that failed last', () => {
  const tries = createTries();
  for (let seq = 1; seq <= 1001; seq += 1) tries.fail({ seq });
  expect([tries.fail({ seq: 1001 }), tries.fail({ seq: 1 })]).toEqual([2, 1]);
});
