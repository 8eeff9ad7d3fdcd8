import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, ROOT } from '@zoco/local';
import { eventually, startTestApiServer } from '@zoco/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { BareContainer } from '../../../../scripts/containers/bare-container.ts';
import { type ChartPostgres, prepareChartPostgres } from '../data-plane/chart-postgres.ts';
import { startChartNats } from '../data-plane/chart-servers.ts';
import { dataOf } from '../data-plane/pod-environment.ts';
import { type KubernetesObject, ofKind, render } from '../render.ts';
import { workloads } from '../workloads.ts';
import { createPod, imageOf, type Machine, type Pod } from './pods.ts';

/*
 * What `helm install zoco charts/zoco` makes, without a cluster: the pods of the rendered Deployments in containers that
 * see only their image, as the user and with the variables, Secrets and ServiceAccount tokens that the chart gives them,
 * beside a Postgres and a NATS with the rendered configurations. They start in the worst order, and then somebody buys.
 */

const dir = mkdtempSync(join(tmpdir(), 'zoco-release-'));
// The containers' user has to find the way in where nothing can be mounted.
chmodSync(dir, 0o711);
const cleanup = new AsyncDisposableStack();
const Smoke = z.looseObject({ args: z.array(z.string()) });
const ConfigMap = z.object({ kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string()) });
const OWNERS = ['cart', 'catalog', 'invoicing', 'orders', 'payments', 'users'];
const PODS: readonly string[] = [
  'cart',
  'catalog',
  'gateway',
  'invoicing',
  'orders',
  'payments',
  'stripe-sandbox',
  'users',
];

let objects: readonly KubernetesObject[];
let machine: Machine;
let cli: BareContainer;
let postgres: ChartPostgres;
let pods: readonly Pod[];
let ports: Map<string, number>;

beforeAll(async () => {
  objects = await render();
  const api = cleanup.use(await startTestApiServer());
  for (const lease of ofKind(objects, 'Lease')) {
    const path = `/apis/coordination.k8s.io/v1/namespaces/shop/leases/${lease.metadata.name}`;
    api.objects.set(path, { ...lease, metadata: { ...lease.metadata, resourceVersion: '1' } });
  }
  const names = ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name.replace('zoco-', ''));
  const free = await freePorts(2 + 2 * names.length);
  const next = () => free.pop() ?? 0;
  ports = new Map([
    ['postgres', next()],
    ['nats', next()],
    ...names.flatMap((name): [string, number][] => [
      [name, next()],
      [`${name} admin`, next()],
    ]),
  ]);
  machine = {
    objects,
    api,
    dir,
    portsOf: (name) => ({ port: portOf(name), adminPort: portOf(`${name} admin`) }),
    localized: (text) =>
      text.replaceAll(
        /zoco-([a-z-]+):(?:8080|5432|4222)/g,
        (_all, name: string) => `127.0.0.1:${portOf(name)}`,
      ),
  };
  pods = await Promise.all(names.map((name) => createPod(name, machine)));
  cleanup.defer(async () => void (await Promise.all(pods.map((pod) => pod.kill()))));
  cli = await imageOf('cli', machine);
  postgres = cleanup.use(await prepareChartPostgres(objects));
}, 180_000);

afterAll(async () => {
  await cleanup.disposeAsync();
  execFileSync('chmod', ['-R', 'u+w', dir]);
  rmSync(dir, { recursive: true, force: true });
});

function portOf(name: string): number {
  const port = ports.get(name);
  if (port === undefined) throw new Error(`nothing listens as ${name}`);
  return port;
}

async function runCli(args: readonly string[], env: Record<string, string>) {
  const running = cli.run(args, env);
  const { code } = await running.exited;
  return { code, output: running.output() };
}

test('pods get ready, though Postgres and NATS come after them and in this order', async () => {
  const starting = pods.map((pod) => pod.start());
  // They are reported below; until then none may end the process.
  for (const start of starting) start.catch(() => {});
  await eventually(() => {
    const waiting = pods.filter((pod) => pod.output().includes('waiting for Postgres'));
    expect(waiting.map(({ name }) => name)).toEqual(OWNERS);
  });
  cleanup.use(await startChartNats(objects, { port: portOf('nats') }));
  await postgres.start(portOf('postgres'));
  await Promise.all(starting);
  for (const { name, adminUrl, output } of pods.filter((pod) => pod.name !== 'stripe-sandbox')) {
    await eventually(async () => {
      const answer = await fetch(`${adminUrl}/readyz`);
      expect(answer.ok, `${name}: ${await answer.text()}\n${output()}`).toBe(true);
    });
  }
}, 90_000);

test('`helm test` buys something', async () => {
  const [smoke] = workloads(objects).flatMap(({ name, containers }) =>
    name === 'zoco-smoke' ? containers : [],
  );
  const { args } = Smoke.parse(smoke);
  const secret = dataOf(objects, 'Secret', 'zoco-platform-admin');
  const { code, output } = await runCli(['/app/dist/main.js', ...args.map(machine.localized)], secret);
  expect(code, `${output}\n${pods.map((pod) => pod.output()).join('\n')}`).toBe(0);
  expect(output).toContain('Works: order ');
}, 90_000);

test('the example that makes a tenant makes it, and is content to find it', async () => {
  const example = readFileSync(join(ROOT, 'k8s/examples/tenant.yaml'), 'utf8');
  const [script = ''] = parseAllDocuments(example)
    .map((document) => ConfigMap.safeParse(document.toJS()).data)
    .flatMap((map) => map?.data['create-tenant.mjs'] ?? []);
  const env = {
    ...dataOf(objects, 'Secret', 'zoco-platform-admin'),
    GATEWAY_URL: `http://127.0.0.1:${portOf('gateway')}`,
    TENANT_ADMIN_EMAIL: 'admin@libros.example',
    TENANT_ADMIN_PASSWORD: 'tried-in-a-bare-root',
  };
  const args = ['--input-type=module', '--eval', script];
  expect(await runCli(args, env)).toEqual({ code: 0, output: 'libros is open\n' });
  expect(await runCli(args, env)).toEqual({ code: 0, output: 'libros is there already\n' });
});

test('a pod that is deleted is replaced by one that finds everything done', async () => {
  const [users] = pods.filter((pod) => pod.name === 'users');
  await users?.kill();
  await users?.start();
  await eventually(async () => expect((await fetch(`${users?.adminUrl}/readyz`)).status).toBe(200));
  expect(users?.output()).toContain('platform administrator: unchanged');
});

test('these are the pods', () => {
  expect(pods.map((pod) => pod.name).toSorted()).toEqual(PODS);
});

test.each(PODS)('%s ends well when it is told to', async (name) => {
  const pod = pods.find((one) => one.name === name);
  expect(await pod?.stop(), pod?.output()).toEqual({ code: 0, signal: null });
});
