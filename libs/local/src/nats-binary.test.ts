import { expect, test } from 'vitest';
import { isAtLeast, parseVersion } from './nats-binary.ts';
import { natsConfig } from './nats-server.ts';

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
