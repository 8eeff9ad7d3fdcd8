import { expect, test, vi } from 'vitest';
import { createBatches } from './batches.ts';

/** Runs end when the test says so. */
function recorded(options: { sizeMax?: number; concurrency?: number; patienceMs?: number } = {}) {
  const runs: { key: string; items: readonly string[]; end: () => void }[] = [];
  const batches = createBatches<string>({
    sizeMax: 10,
    concurrency: 10,
    ...options,
    apart: (item) => item.slice(0, 1),
    run: (key, items) => new Promise((end) => runs.push({ key, items, end })),
  });
  const add = (key: string, ...items: string[]) => items.forEach((item) => batches.add(key, item));
  const seen = () => runs.map(({ key, items }) => `${key}: ${items.join(' ')}`);
  const end = async (index: number) => {
    runs[index]?.end();
    await turn();
  };
  return { batches, add, seen, end };
}

const turn = async () => {
  for (let index = 0; index < 3; index += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('what comes in one turn goes together, what comes later waits for the end of the run', async () => {
  const { add, seen, end } = recorded();
  add('k', 'a', 'b');
  await turn();
  add('k', 'c');
  add('k', 'd');
  await turn();
  expect(seen()).toEqual(['k: a b']);
  await end(0);
  expect(seen()).toEqual(['k: a b', 'k: c d']);
});

test('items that belong apart come one after the other, in order', async () => {
  const { add, seen, end } = recorded();
  add('k', 'a1', 'a2', 'b1', 'a3', 'b2');
  await turn();
  await end(0);
  await end(1);
  expect(seen()).toEqual(['k: a1 b1', 'k: a2 b2', 'k: a3']);
});

test('a run takes no more than its size, and what was left out keeps its order', async () => {
  const { add, seen, end } = recorded({ sizeMax: 2 });
  add('k', 'a1', 'b1', 'c1', 'c2', 'd1');
  await turn();
  await end(0);
  await end(1);
  expect(seen()).toEqual(['k: a1 b1', 'k: c1 d1', 'k: c2']);
});

test('keys run side by side up to the limit, and a busy key comes after those that wait', async () => {
  const { add, seen, end } = recorded({ concurrency: 2 });
  add('k', 'a1', 'a2');
  add('l', 'a');
  add('m', 'a');
  await turn();
  expect(seen()).toEqual(['k: a1', 'l: a']);
  await end(0);
  expect(seen()).toEqual(['k: a1', 'l: a', 'm: a']);
  await end(1);
  expect(seen()).toEqual(['k: a1', 'l: a', 'm: a', 'k: a2']);
});

test('a run that is stuck holds up those that came meanwhile, and nobody after its patience', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { add, seen, end } = recorded({ patienceMs: 50 });
  add('k', 'a');
  await turn();
  add('k', 'b', 'c');
  await turn();
  vi.advanceTimersByTime(49);
  await turn();
  expect(seen()).toEqual(['k: a']);
  vi.advanceTimersByTime(1);
  await turn();
  expect(seen()).toEqual(['k: a', 'k: b c']);
  add('k', 'd');
  await end(0);
  expect(seen()).toEqual(['k: a', 'k: b c']);
  await end(1);
  expect(seen()).toEqual(['k: a', 'k: b c', 'k: d']);
  vi.useRealTimers();
});

test('belowCount waits for room', async () => {
  const { batches, add, end } = recorded();
  const told: string[] = [];
  add('k', 'a', 'b');
  void batches.belowCount(3).then(() => told.push('below 3'));
  void batches.belowCount(2).then(() => told.push('below 2'));
  await turn();
  expect(told).toEqual(['below 3']);
  await end(0);
  expect(told).toEqual(['below 3', 'below 2']);
});
