import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { timeLimits } from './rules/traffic.ts';
import { ClientLeft, createTimeKeeper } from './time-keeper.ts';

test.each([
  ['before', true],
  ['after', false],
])('a client that leaves %s the keeper begins ends the exchange', async (_when, leavesFirst) => {
  const arrived = Promise.withResolvers<[IncomingMessage, ServerResponse]>();
  const server = createServer((...exchange) => arrived.resolve(exchange)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = send({ port, path: '/' }).on('error', () => {});
  client.end();
  const [request, response] = await arrived.promise;
  const closed = once(response, 'close');
  const leave = async () => {
    client.destroy();
    await closed;
  };
  if (leavesFirst) await leave();
  const startedMs = systemClock.monotonicMs();
  const keeper = createTimeKeeper({ request, response, startedMs }, timeLimits('stream', 5000), systemClock);
  if (!leavesFirst) await leave();
  expect(keeper.signal.reason).toBeInstanceOf(ClientLeft);
  server.close();
});
