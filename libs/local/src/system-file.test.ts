import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSecrets } from './secrets.ts';
import { readSystemFile, writeSystemFile } from './system-file.ts';

test('tells where a running system is, to its owner alone, until it stops', () => {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-system-file-'));
  try {
    expect(readSystemFile(dir)).toBeUndefined();
    const written = writeSystemFile(dir, {
      caller: {},
      ports: new Map([
        ['gateway', { port: 1, adminPort: 2 }],
        ['orders', { port: 3, adminPort: 4 }],
      ]),
      natsUrl: 'nats://127.0.0.1:5',
      databases: new Map([['orders', { runtimeUrl: 'postgres://r', workerUrl: 'postgres://w@127.0.0.1/o' }]]),
      secrets: openSecrets(dir),
      version: '1.2.3',
    });
    expect(readSystemFile(dir)).toEqual({
      pid: process.pid,
      version: '1.2.3',
      nats_url: 'nats://127.0.0.1:5',
      services: {
        gateway: { url: 'http://127.0.0.1:1', admin_url: 'http://127.0.0.1:2' },
        orders: {
          url: 'http://127.0.0.1:3',
          admin_url: 'http://127.0.0.1:4',
          worker_database_url: 'postgres://w@127.0.0.1/o',
        },
      },
    });
    expect(statSync(join(dir, 'system.json')).mode & 0o077).toBe(0);
    written[Symbol.dispose]();
    expect(readSystemFile(dir)).toBeUndefined();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
