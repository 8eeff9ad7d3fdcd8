import { expect, test } from 'vitest';
import { createGate } from './gate.ts';

test('runs at most `concurrency`, lets `queueMax` wait in order, and refuses the rest at once', async () => {
  const gate = createGate({ concurrency: 1, queueMax: 2, waitMsMax: 60_000, code: 'test_busy' });
  const order: number[] = [];
  const { promise: held, resolve: open } = Promise.withResolvers<void>();
  const first = gate.run(() => held);
  const others = [1, 2].map((n) => gate.run(async () => order.push(n)));
  await expect(gate.run(async () => 3)).rejects.toMatchObject({ code: 'test_busy', status: 503 });
  expect([gate.running, gate.waiting]).toEqual([1, 2]);
  open();
  await Promise.all([first, ...others]);
  expect(order).toEqual([1, 2]);
  expect([gate.running, gate.waiting]).toEqual([0, 0]);
});

test('one who waited too long is refused and leaves the queue', async () => {
  const gate = createGate({ concurrency: 1, queueMax: 5, waitMsMax: 1, code: 'test_busy' });
  const { promise: held, resolve: open } = Promise.withResolvers<void>();
  const first = gate.run(() => held);
  await expect(gate.run(async () => 1)).rejects.toMatchObject({ code: 'test_busy' });
  open();
  await first;
  expect(gate.waiting).toBe(0);
});

test('a failure frees the place', async () => {
  const gate = createGate({ concurrency: 1, queueMax: 0, waitMsMax: 1, code: 'test_busy' });
  await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(gate.run(async () => 'ok')).resolves.toBe('ok');
});
