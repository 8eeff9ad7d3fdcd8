import { createServer } from 'node:net';
import { once } from 'node:events';
import type { NatsConnection } from '@nats-io/transport-node';
import { tenantUpdated } from '@zoco/contracts';
import { createLogger } from '@zoco/service';
import { startPrivateNats } from '@zoco/testing';
import { expect, test } from 'vitest';
import { startWatching } from './start.ts';
import { watch } from './watch.ts';

const log = createLogger({ service: 'gateway', version: 'test', level: 'silent' });

function start(natsUrl: string): { watching: AsyncDisposable; connected: Promise<NatsConnection> } {
  const { promise: connected, resolve } = Promise.withResolvers<NatsConnection>();
  const watchers = [watch(tenantUpdated, () => {})];
  const watching = startWatching({ service: 'gateway', natsUrl, log, watchers, onConnected: resolve });
  return { watching, connected };
}

test('stops while NATS has never been there', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  const { watching } = start(`nats://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  await expect(watching[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test('stops while NATS is away', async () => {
  await using nats = await startPrivateNats();
  const { watching, connected } = start(nats.url);
  const nc = await connected;
  await nats[Symbol.asyncDispose]();
  await watching[Symbol.asyncDispose]();
  expect(nc.isClosed()).toBe(true);
});

test('what watchers cannot have heard is read again once they listen', async () => {
  await using nats = await startPrivateNats();
  const listening = Promise.withResolvers<void>();
  await using _watching = startWatching({
    service: 'gateway',
    natsUrl: nats.url,
    log,
    watchers: [watch(tenantUpdated, () => {})],
    reload: listening.resolve,
  });
  await expect(listening.promise).resolves.toBeUndefined();
});

test('refuses watchers that the call graph does not name', () => {
  expect(() => startWatching({ service: 'gateway', natsUrl: 'nats://127.0.0.1:1', log })).toThrow(
    'the call graph says this service watches [tenant.updated], the code has []',
  );
});
