import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findNatsServer, isAtLeast, parseVersion } from './nats-binary.ts';
import { natsConfig } from './nats-server.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zoco-nats-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function place(folder: string, mode: number): string {
  mkdirSync(join(dir, folder));
  const file = join(dir, folder, 'nats-server');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

test('it is looked for on the PATH, then where packages put it, then where we would', () => {
  const search = {
    path: `:${join(dir, 'path')}`,
    usualFolders: [join(dir, 'usual')],
    ownFolder: join(dir, 'own'),
  };
  expect(findNatsServer(search)).toBeUndefined();
  const own = place('own', 0o755);
  expect(findNatsServer(search)).toBe(own);
  const usual = place('usual', 0o755);
  expect(findNatsServer(search)).toBe(usual);
  const path = place('path', 0o755);
  expect(findNatsServer(search)).toBe(path);
  chmodSync(path, 0o644);
  expect(findNatsServer(search)).toBe(usual);
});

test.each([
  ['nats-server: v2.9.10', [2, 9, 10]],
  ['nats-server: v2.12.6-RC.1\n', [2, 12, 6]],
  ['nonsense', [0, 0, 0]],
])('version of %j', (text, expected) => {
  expect(parseVersion(text)).toEqual(expected);
});

test.each([
  [[2, 9, 10], false],
  [[2, 10, 0], true],
  [[2, 10], true],
  [[2, 12, 6], true],
  [[3, 0, 0], true],
  [[1, 99, 99], false],
])('%j is at least 2.10.0: %s', (version, expected) => {
  expect(isAtLeast(version, [2, 10, 0])).toBe(expected);
});

test('acknowledgements wait for the disk where the server can do that', () => {
  const options = { port: 1, monitorPort: 2, storeDir: '/data/"quoted"' };
  expect(natsConfig(options, [2, 10, 1])).toContain('sync_interval: always');
  expect(natsConfig(options, [2, 9, 10])).not.toContain('sync_interval');
  expect(natsConfig(options, [2, 9, 10])).toContain('store_dir: "/data/\\"quoted\\""');
});
