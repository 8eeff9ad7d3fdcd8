import { expect, test } from 'vitest';
import { createAccountQueue } from './account-queue.ts';

test('work of one account runs one after the other, of two accounts side by side', async () => {
  const queue = createAccountQueue();
  const log: string[] = [];
  const gates = new Map(['a1', 'a2', 'b1'].map((name) => [name, Promise.withResolvers<void>()]));
  const work = (name: string) => async () => {
    log.push(`${name} starts`);
    await gates.get(name)?.promise;
    log.push(`${name} ends`);
  };
  const all = [queue('a', work('a1')), queue('a', work('a2')), queue('b', work('b1'))];
  gates.get('b1')?.resolve();
  await all[2];
  gates.get('a2')?.resolve();
  gates.get('a1')?.resolve();
  await Promise.all(all);
  expect(log.filter((line) => line.startsWith('a'))).toEqual([
    'a1 starts',
    'a1 ends',
    'a2 starts',
    'a2 ends',
  ]);
  expect(log.indexOf('b1 ends')).toBeLessThan(log.indexOf('a1 ends'));
});

test('a failure goes to its caller and lets the next one in', async () => {
  const queue = createAccountQueue();
  const failing = queue('a', () => Promise.reject(new Error('no')));
  const next = queue('a', async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('yes');
});
