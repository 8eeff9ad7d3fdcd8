import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

test('one has its turn, the others wait for it', async () => {
  const name = randomUUID();
  let inside = 0;
  const insideAtOnce = await Promise.all(
    Array.from({ length: 8 }, async () => {
      await using _turn = await oneAtATime(name);
      inside++;
      await new Promise(setImmediate);
      return inside--;
    }),
  );
  expect(insideAtOnce).toEqual(Array.from({ length: 8 }, () => 1));
});

test('the turn of a process that dies goes on', async () => {
  const name = randomUUID();
  const code = `
    import { oneAtATime } from ${JSON.stringify(join(import.meta.dirname, 'one-at-a-time.ts'))};
    await oneAtATime(${JSON.stringify(name)});
    console.log('mine');`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const order: string[] = [];
  const next = oneAtATime(name).then((turn) => {
    order.push('next');
    return turn;
  });
  await using _other = await oneAtATime(randomUUID());
  order.push('other name');
  holder.kill('SIGKILL');
  await using _turn = await next;
  expect(order).toEqual(['other name', 'next']);
});
