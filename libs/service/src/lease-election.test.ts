import { startTestApiServer, type TestApiServer } from '@zoco/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKubernetesApi } from './kubernetes-api.ts';
import { createElector, startElection } from './lease-election.ts';
import { leaseSchema } from './lease.ts';
import { createLogger } from './log.ts';

const PATH = '/apis/coordination.k8s.io/v1/namespaces/shop/leases/zoco-payments';
const labels = { 'app.kubernetes.io/managed-by': 'Helm' };

let server: TestApiServer;
beforeAll(async () => {
  server = await startTestApiServer();
});
beforeEach(() => {
  server.outage = undefined;
  server.requests.length = 0;
  // As the chart makes it: empty.
  server.objects.set(PATH, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'zoco-payments', namespace: 'shop', labels, resourceVersion: '7' },
    spec: {},
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const apiOf = () => createKubernetesApi({ url: server.url, dir: server.credentialsDir });
const stored = () => leaseSchema.parse(server.objects.get(PATH));

let clocks = 0;

/** A replica with a clock of its own. */
function replica(identity: string) {
  clocks += 1;
  const clock = { ms: clocks * 1_234_567 };
  const elector = createElector({
    api: apiOf(),
    namespace: 'shop',
    leaseName: 'zoco-payments',
    identity,
    nowMs: () => clock.ms,
  });
  return {
    elector,
    clock,
    async after(ms: number) {
      clock.ms += ms;
      await elector.tick();
      return elector.isElected();
    },
  };
}

test('the first one is elected, and stays it as long as it renews', async () => {
  const [a, b] = [replica('a'), replica('b')];
  expect(await a.after(0)).toBe(true);
  for (let round = 0; round < 20; round += 1) {
    expect([await a.after(5000), await b.after(5000)]).toEqual([true, false]);
  }
  expect(stored().spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 30, leaseTransitions: 1 });
  expect(stored().metadata, 'what the chart wrote stays').toMatchObject({ labels });
});

test('of many that start at once, one is elected', async () => {
  const replicas = Array.from({ length: 8 }, (_, index) => replica(`r${index}`));
  await Promise.all(replicas.map(({ elector }) => elector.tick()));
  expect(replicas.filter(({ elector }) => elector.isElected())).toHaveLength(1);
});

test('when the holder dies, another one takes over after its lease, and not before', async () => {
  const [a, b, c] = [replica('a'), replica('b'), replica('c')];
  await a.after(0);
  await b.after(0);
  await c.after(0);
  expect(await b.after(29_999)).toBe(false);
  expect(await b.after(1)).toBe(true);
  expect(await c.after(30_000), 'it sees a new holder, whose time begins now').toBe(false);
  expect(stored().spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 2 });
});

test('a holder that stood still knows that its turn is over before another one begins', async () => {
  const [a, b] = [replica('a'), replica('b')];
  await a.after(0);
  await b.after(0);
  a.clock.ms += 20_000;
  expect(a.elector.isElected()).toBe(false);
  expect(await b.after(20_000)).toBe(false);
  expect(await b.after(10_000)).toBe(true);
  expect(await a.after(10_000), 'its write carries an old version').toBe(false);
  expect(await a.after(1)).toBe(false);
});

test('times that the holder wrote are not believed: its clock may be days off', async () => {
  const b = replica('b');
  for (const renewTime of ['2001-01-01T00:00:00.000000Z', '2199-01-01T00:00:00.000000Z']) {
    const { metadata } = stored();
    server.objects.set(PATH, {
      metadata: { ...metadata, name: 'zoco-payments', resourceVersion: `${metadata.resourceVersion}0` },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 30, renewTime },
    });
    expect(await b.after(0)).toBe(false);
    expect(await b.after(29_000)).toBe(false);
  }
  expect(await b.after(30_000)).toBe(true);
});

test('who leaves in order is followed at once', async () => {
  const [a, b] = [replica('a'), replica('b')];
  await a.after(0);
  expect(await b.after(0)).toBe(false);
  await a.elector.release();
  expect(a.elector.isElected()).toBe(false);
  expect(await b.after(0)).toBe(true);
});

test('whose answer got lost reads again and goes on', async () => {
  const a = replica('a');
  await a.after(0);
  const { metadata, spec } = stored();
  // The write came through, and its answer did not.
  server.objects.set(PATH, {
    metadata: { ...metadata, name: 'zoco-payments', resourceVersion: '99' },
    spec,
  });
  await a.after(5000);
  expect(await a.after(5000)).toBe(true);
  expect(stored().spec.leaseTransitions).toBe(1);
});

describe('while the API server', () => {
  test.each([
    ['is away', 0],
    ['refuses', 403],
    ['has no such lease', 404],
    ['is ill', 500],
  ])('%s, the turn ends first, and after a minute everybody works', async (_what, outage) => {
    const [a, b] = [replica('a'), replica('b')];
    await a.after(0);
    await b.after(0);
    server.outage = outage;
    for (const { after, elector } of [a, b]) {
      await expect(after(20_000)).rejects.toThrow(Error);
      expect(elector.isElected()).toBe(false);
      await expect(after(40_001)).rejects.toThrow(Error);
      expect(elector.isElected()).toBe(true);
    }
    server.outage = undefined;
    expect([await a.after(0), await b.after(0)].filter(Boolean)).toHaveLength(1);
  });
});

test('a process takes part from its start to its end', async () => {
  const log = createLogger({ service: 'payments', version: 'test', level: 'silent' });
  const options = { api: apiOf(), leaseName: 'zoco-payments', log };
  const first = startElection(options);
  await expect.poll(() => first.isElected()).toBe(true);
  const second = startElection(options);
  await expect.poll(() => server.requests.length).toBeGreaterThanOrEqual(3);
  expect(second.isElected()).toBe(false);
  await second[Symbol.asyncDispose]();
  expect(stored().spec.holderIdentity).not.toBe('');
  await first[Symbol.asyncDispose]();
  expect(stored().spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
});
