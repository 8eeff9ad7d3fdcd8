import { expect, test } from 'vitest';
import type { Exit, ServerProcess } from './server-process.ts';
import { restartDelayMs, supervise } from './supervisor.ts';

/** A process that ends when it is told to. */
function fakeProcess(): ServerProcess & { end(exit: Exit): void; stops: number } {
  const exited = Promise.withResolvers<Exit>();
  const fake = {
    pid: 1,
    exited: exited.promise,
    end: exited.resolve,
    stops: 0,
    stop() {
      fake.stops++;
      exited.resolve({ code: 0, signal: null });
      return Promise.resolve();
    },
  };
  return fake;
}

/** A supervised series of fakes; `next` resolves with each one that is launched. */
function series() {
  const launched: ReturnType<typeof fakeProcess>[] = [];
  const ends: string[] = [];
  let announce = Promise.withResolvers<void>();
  const supervised = supervise({
    launch() {
      const fake = fakeProcess();
      launched.push(fake);
      announce.resolve();
      return Promise.resolve(fake);
    },
    onEnd: (reason, retryMs) => ends.push(`${reason}, ${retryMs}`),
  });
  const next = async () => {
    await announce.promise;
    announce = Promise.withResolvers();
    return launched.at(-1) ?? fakeProcess();
  };
  return { supervised, launched, ends, next };
}

test('the pause before a restart doubles from 0.2 s up to 5 s', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 60].map(restartDelayMs)).toEqual([
    200, 400, 800, 1600, 3200, 5000, 5000, 5000,
  ]);
});

test('a process that ends is started again', async () => {
  const { supervised, ends, next, launched } = series();
  await supervised.start();
  (await next()).end({ code: 3, signal: null });
  (await next()).end({ code: null, signal: 'SIGKILL' });
  await next();
  expect(ends).toEqual(['exit code 3, 200', 'ended by SIGKILL, 400']);
  await supervised.stop();
  expect(launched).toHaveLength(3);
});

test('stop ends it for good, and start begins anew', async () => {
  const { supervised, launched, ends } = series();
  const first = await supervised.start();
  await supervised.stop();
  expect(first.stops).toBe(1);
  expect(supervised.current).toBeUndefined();
  await supervised.start();
  await supervised.stop();
  expect(launched).toHaveLength(2);
  expect(ends).toEqual([]);
});

test('a stop in the pause before a restart does not wait for it', async () => {
  const { supervised, launched, ends, next } = series();
  await supervised.start();
  (await next()).end({ code: 1, signal: null });
  await supervised.stop();
  expect(launched).toHaveLength(1);
  expect(ends.length).toBeLessThanOrEqual(1);
});

test('a stop in the middle of a launch stops what comes of it', async () => {
  const launching = Promise.withResolvers<ServerProcess>();
  const supervised = supervise({ launch: () => launching.promise, onEnd() {} });
  const starting = supervised.start();
  const stopping = supervised.stop();
  const fake = fakeProcess();
  launching.resolve(fake);
  await Promise.all([starting, stopping]);
  expect(fake.stops).toBe(1);
});

test('a first launch that fails rejects; a later one is tried again', async () => {
  const failing = supervise<ServerProcess>({
    launch: () => Promise.reject(new Error('no disk')),
    onEnd() {},
  });
  await expect(failing.start()).rejects.toThrow('no disk');
  await failing.stop();

  const ends: string[] = [];
  const back = Promise.withResolvers<void>();
  const fakes = [fakeProcess(), fakeProcess()];
  let launches = 0;
  const supervised = supervise<ServerProcess>({
    launch() {
      launches++;
      if (launches === 2) return Promise.reject(new Error('port taken'));
      if (launches === 3) back.resolve();
      return Promise.resolve(fakes[launches === 1 ? 0 : 1] ?? fakeProcess());
    },
    onEnd: (reason) => ends.push(reason),
  });
  await supervised.start();
  fakes[0]?.end({ code: 1, signal: null });
  await back.promise;
  expect(ends).toEqual(['exit code 1', 'port taken']);
  await supervised.stop();
});
