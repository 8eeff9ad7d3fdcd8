import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CALLS, SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import { type RunningSystem, startSystem } from '@zoco/local';
import { eventually, startTestApiServer, TEST_SUBJECTS_PREFIX, type TestApiServer } from '@zoco/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createApi } from '../src/api.ts';
import { deploy } from '../src/deployment.ts';
import { createShop } from '../src/shop.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/shop/leases/zoco-payments';

let system: RunningSystem;
let cluster: TestApiServer;
let dir: string;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  system = await startSystem({ freePorts: true, seed: true, build: false, readyTimeoutMs: 60_000 });
  stack.defer(() => system.stop());
  cluster = stack.use(await startTestApiServer());
  dir = mkdtempSync(join(tmpdir(), 'zoco-projected-'));
  stack.defer(() => rmSync(dir, { recursive: true }));
});
afterAll(() => stack.disposeAsync());

/** What the kubelet does for a pod: a token for each callee of the call graph, in the name of its ServiceAccount. */
async function project(service: ServiceName): Promise<void> {
  for (const { callee, callers } of Object.values(CALLS)) {
    if (!callers.some((caller) => caller === service)) continue;
    const claims = { sub: `${TEST_SUBJECTS_PREFIX}${service}`, aud: [`zoco-${callee}`] };
    cluster.project(join(dir, service), callee, await cluster.sign(claims));
  }
}

/** What the chart adds to a service's environment. */
function clusterEnvironment(service: ServiceName): Record<string, string> {
  return {
    SERVICE_IDENTITY: 'kubernetes',
    SERVICE_IDENTITY_KEY_FILE: '',
    SERVICE_IDENTITY_JWKS_FILE: '',
    SERVICE_IDENTITY_TOKEN_DIR: join(dir, service),
    SERVICE_IDENTITY_SUBJECTS_PREFIX: TEST_SUBJECTS_PREFIX,
    KUBERNETES_API_URL: cluster.url,
    KUBERNETES_API_DIR: cluster.credentialsDir,
    ...(service === 'payments' ? { PAYMENTS_LEADER_LEASE: 'zoco-payments' } : {}),
    ...(service === 'gateway' ? { GATEWAY_DEPLOYMENTS_PREFIX: 'zoco-' } : {}),
  };
}

const lease = z.object({ spec: z.object({ holderIdentity: z.string() }) });
const status = z.object({
  cluster: z.object({ status: z.string() }),
  services: z.record(z.string(), z.object({ status: z.string(), deployment: z.unknown() })),
});

test('a checkout works with identities of the cluster alone, and one payments replica is elected', async () => {
  cluster.objects.set(LEASE, { metadata: { name: 'zoco-payments', resourceVersion: '1' } });
  cluster.objects.set('/apis/apps/v1/namespaces/shop/deployments/zoco-orders', {
    metadata: { name: 'zoco-orders' },
    spec: { replicas: 1, template: { spec: { containers: [{ image: 'zoco/orders:0.1.0' }] } } },
  });
  await using deployed = new AsyncDisposableStack();
  const payments = await Promise.all(
    SERVICE_NAMES.map(async (name) => {
      await project(name);
      const replicas = name === 'payments' ? 2 : 1;
      const deployment = await deploy(system, name, { replicas, env: clusterEnvironment(name) });
      deployed.use(deployment);
      return name === 'payments' ? deployment : undefined;
    }),
  );

  const shop = createShop(createApi(system.urls.gateway), 'libros');
  const { token } = await createApi(system.urls.gateway).register('libros');
  const product = await shop.addProduct({ stock: 5 });
  const { id } = await shop.checkout(token, product.id, 1);
  await shop.orderBecomes(token, id, 'confirmed', 'paid');
  await shop.invoicesOf(token, id, 1);

  const holder = () => lease.parse(cluster.objects.get(LEASE)).spec.holderIdentity;
  const first = holder();
  expect(first).not.toBe('');
  const page = status.parse(await (await fetch(`${system.urls.gateway}/status`)).json());
  expect(page).toMatchObject({
    cluster: { status: 'ok' },
    services: { orders: { status: 'up', deployment: { image: '0.1.0' } } },
  });
  // Both replicas are replaced; whoever leaves gives the lease back, and a new one takes it.
  for (const one of payments) await one?.roll();
  await eventually(() => expect([first, '']).not.toContain(holder()));
});
