import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type RunningServer, serve } from './lifecycle.ts';

let server: RunningServer | undefined;
const agent = new Agent({ keepAlive: true });
afterEach(async () => {
  agent.destroy();
  await server?.close(0);
});

/** A server whose answers wait until they are let go. */
async function start() {
  const held: (() => void)[] = [];
  server = await serve({
    host: '127.0.0.1',
    port: 0,
    fetch: async ({ url }) => {
      if (url.endsWith('/slow')) await new Promise<void>((resolve) => held.push(resolve));
      return new Response('ok');
    },
  });
  return { running: server, held };
}

function get(port: number, path = '/'): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, path, agent, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', () => resolve(response.headers));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

test('clients are told to give up idle connections before the server does', async () => {
  const { running } = await start();
  expect(await get(running.port)).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=6' });
});

test('while it drains, every answer ends its connection', async () => {
  const { running } = await start();
  await get(running.port);
  running.drain();
  expect(await get(running.port)).toMatchObject({ connection: 'close' });
  expect(await get(running.port), 'new ones are served all the same').toMatchObject({ connection: 'close' });
});

test('what is in flight is answered, and its connection does not hold up the end', async () => {
  const { running, held } = await start();
  const slow = get(running.port, '/slow');
  await expect.poll(() => held.length).toBe(1);
  const closed = running.close(600_000);
  await expect(get(running.port), 'nobody else gets in').rejects.toThrow('ECONNREFUSED');
  held[0]?.();
  expect(await slow).toMatchObject({ connection: 'keep-alive' });
  await closed;
});

test('what does not end in time is cut', async () => {
  const { running, held } = await start();
  const slow = get(running.port, '/slow').catch((error: unknown) => error);
  await expect.poll(() => held.length).toBe(1);
  await running.close(1);
  expect(await slow).toBeInstanceOf(Error);
  held[0]?.();
});
