import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { claimPort } from './port-claims.ts';
import { freePorts, parsePortOffset, planFreePorts, planPorts, requireFreePorts } from './ports.ts';

test('the usual ports, shifted as a whole', () => {
  const plan = planPorts(['gateway', 'catalog'], 100);
  expect(plan.services.get('gateway')).toEqual({ port: 8180, adminPort: 9180 });
  expect(plan.services.get('catalog')).toEqual({ port: 8182, adminPort: 9182 });
  const unshifted = planPorts([], 0);
  expect([plan.postgres, plan.nats, plan.natsMonitor]).toEqual(
    [unshifted.postgres, unshifted.nats, unshifted.natsMonitor].map((port) => port + 100),
  );
});

test.each([
  [undefined, 0],
  ['', 0],
  ['0', 0],
  ['100', 100],
  ['40000', 40_000],
])('ZOCO_PORT_OFFSET=%s', (text, expected) => {
  expect(parsePortOffset(text)).toBe(expected);
});

test.each(['-1', '1.5', 'ten', '40001', '1e3', ' 5'])('ZOCO_PORT_OFFSET=%s is refused', (text) => {
  expect(() => parsePortOffset(text)).toThrow(`ZOCO_PORT_OFFSET is '${text}'`);
});

test('a taken port is named with its holder and the cure', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  try {
    const [free = 0] = await freePorts(1);
    await expect(requireFreePorts([{ port: free, purpose: 'gateway' }])).resolves.toBeUndefined();
    const message = new RegExp(
      `^Port ${port}, needed for users, is held by pid ${process.pid} .*ZOCO_PORT_OFFSET=100 npm start`,
    );
    await expect(
      requireFreePorts([
        { port: free, purpose: 'gateway' },
        { port, purpose: 'users' },
      ]),
    ).rejects.toThrow(message);
  } finally {
    server.close();
  }
});

test('a port is given to one process only, and again when that has ended', async () => {
  const claims = new URL('port-claims.ts', import.meta.url).href;
  const program = `
    const { claimPort } = await import(${JSON.stringify(claims)});
    process.stdout.write(String(claimPort(Number(process.argv[1]))));`;
  const claim = (port: number) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program, String(port)], { encoding: 'utf8' });
  const [port = 0] = await freePorts(1);
  expect(claimPort(port)).toBe(false);
  expect(claim(port).stdout).toBe('false');
  const other = 19_999;
  expect([claim(other).stdout, claim(other).stdout, claimPort(other)]).toEqual(['true', 'true', true]);
});

test('free ports are all different', async () => {
  const plan = await planFreePorts(['gateway', 'users', 'catalog']);
  const all = [
    plan.postgres,
    plan.nats,
    plan.natsMonitor,
    plan.stripeSandbox,
    ...[...plan.services.values()].flatMap(({ port, adminPort }) => [port, adminPort]),
  ];
  expect(new Set(all).size).toBe(10);
});
