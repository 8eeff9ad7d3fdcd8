import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNats, type NatsServer } from './nats-server.ts';
import { openTemporaryState, type State } from './state.ts';

let state: State;
const servers: NatsServer[] = [];

beforeEach(async () => {
  state = await openTemporaryState();
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await state[Symbol.asyncDispose]();
});

async function start(port = 0): Promise<NatsServer> {
  const server = await startNats({
    storeDir: join(state.dir, 'nats'),
    port,
    quiet: true,
    onSpawn: (pid) => state.ledger.add('nats', pid),
  });
  servers.push(server);
  return server;
}

async function storeOne(server: NatsServer): Promise<void> {
  const connection = await connect({ servers: server.url });
  await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept.>'] });
  await jetstream(connection).publish('kept.one', 'x');
  await connection.close();
}

async function storedMessages(server: NatsServer): Promise<number> {
  const connection = await connect({ servers: server.url });
  try {
    const streams = await (await jetstreamManager(connection)).streams.list().next();
    return streams.reduce((sum, stream) => sum + stream.state.messages, 0);
  } finally {
    await connection.close();
  }
}

test('its monitor says that it is healthy', async () => {
  const server = await start();
  const answer = await fetch(`${server.monitorUrl}/healthz`);
  expect(await answer.json()).toEqual({ status: 'ok' });
});

test('acknowledged messages outlive kill -9, on the same port', async () => {
  const first = await start();
  await storeOne(first);
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await first.restart();
  servers.push(second);
  expect(second.port).toBe(first.port);
  expect(await storedMessages(second)).toBe(1);
});

test('a restart without its store has nothing', async () => {
  const first = await start();
  await storeOne(first);
  await first.stop();
  const second = await first.restart({ deleteStore: true });
  servers.push(second);
  expect(await storedMessages(second)).toBe(0);
});

test('a port that is taken is named', async () => {
  const holder = await start();
  await expect(start(holder.port)).rejects.toThrow(`port ${holder.port}`);
});
