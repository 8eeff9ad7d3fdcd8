import { chmodSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isAlive, ProcessIdentity } from './process-identity.ts';
import type { RunningSystem } from './running-system.ts';
import { deleteState } from './state.ts';
import { startSystem } from './system.ts';

const Ledger = z.object({ children: z.array(ProcessIdentity.extend({ name: z.string() })) });

function children(dir: string) {
  return Ledger.parse(JSON.parse(readFileSync(join(dir, 'processes.json'), 'utf8'))).children;
}

const isReady = async (url: string) => (await fetch(`${url}/readyz`)).status;

describe('a system of two services', () => {
  let system: RunningSystem;
  beforeAll(async () => {
    system = await startSystem({ freePorts: true, services: ['gateway', 'users'], readyTimeoutMs: 60_000 });
  });
  afterAll(() => system.stop());

  const pidOf = (name: string) => children(system.dir).findLast((child) => child.name === name)?.pid ?? 0;

  test('is ready when the promise resolves', async () => {
    expect(await isReady(system.adminUrls.users)).toBe(200);
    expect(await isReady(system.adminUrls.gateway)).toBe(200);
  });

  test('a killed service comes back by itself as another process', async () => {
    const before = pidOf('users');
    await system.kill('users', 'SIGKILL');
    await system.whenReady('users');
    expect(pidOf('users')).not.toBe(before);
    expect(await isReady(system.adminUrls.users)).toBe(200);
  });

  test('a restart brings variables with it', async () => {
    await system.restart('users', { ZOCO_RESTARTED: 'yes' });
    const environment = readFileSync(`/proc/${pidOf('users')}/environ`, 'utf8').split('\0');
    expect(environment).toContain('ZOCO_RESTARTED=yes');
  });

  test('NATS comes back without its store, but with its streams', async () => {
    await system.stopNats();
    await expect(connect({ servers: system.natsUrl, timeout: 1_000 })).rejects.toThrow('connection refused');
    await system.startNats({ deleteStore: true });
    const connection = await connect({ servers: system.natsUrl });
    const streams = await (await jetstreamManager(connection)).streams.list().next();
    await connection.close();
    expect(streams.map((stream) => stream.config.name)).toContain('USERS');
    expect(streams.map((stream) => stream.state.consumer_count).some((count) => count > 0)).toBe(true);
  });

  test('Postgres comes back after a crash, and the services find it again', async () => {
    const before = pidOf('postgres');
    await system.killPostgres();
    await expect.poll(() => pidOf('postgres'), { timeout: 20_000 }).not.toBe(before);
    await expect.poll(() => isReady(system.adminUrls.users), { timeout: 20_000 }).toBe(200);
  });

  test('stop leaves no process and no data', async () => {
    const all = children(system.dir);
    expect(
      all
        .filter(isAlive)
        .map((child) => child.name)
        .toSorted(),
    ).toEqual(['gateway', 'nats', 'postgres', 'users']);
    await system.stop();
    expect(all.filter(isAlive)).toEqual([]);
    expect(existsSync(system.dir)).toBe(false);
  });
});

test('a start that fails stops what it had started, and the data stay for the next one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-system-'));
  chmodSync(dir, 0o711);
  const lines: string[] = [];
  try {
    const start = startSystem({
      dir,
      freePorts: true,
      services: ['gateway'],
      natsUrl: 'nats://127.0.0.1:1',
      build: false,
      onLine: (line) => lines.push(line),
    });
    await expect(start).rejects.toThrow('NATS at 127.0.0.1:1 does not answer');
    const pid = Number(/postgres +ready .* pid (\d+)/.exec(lines.join('\n'))?.[1]);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(join(dir, 'processes.json'))).toBe(false);
    expect(existsSync(join(dir, 'secrets.json'))).toBe(true);
  } finally {
    deleteState(dir);
  }
});
