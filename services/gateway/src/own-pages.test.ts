import { get as httpGet } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { SERVICE_NAMES } from '@zoco/contracts';
import { startTestApiServer } from '@zoco/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../fixtures/manual-clock.ts';
import { startGateway, type TestGateway } from '../fixtures/test-gateway.ts';
import { deadPort, json, startUpstream } from '../fixtures/test-upstream.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const users = stack.use(await startUpstream(json({})));
const clock = manualClock();
const gateway: TestGateway = stack.use(
  await startGateway({
    clock,
    env: {
      SERVICE_VERSION: '1.2.3',
      USERS_URL: users.url,
      CATALOG_URL: `http://127.0.0.1:${await deadPort()}`,
    },
  }),
);
beforeEach(() => {
  users.requests.length = 0;
  clock.advance(7_200_000);
});

describe('GET /health', () => {
  test('tells that the gateway answers', async () => {
    const response = await gateway.fetch('/health');
    expect(await response.json()).toEqual({ status: 'ok', service: 'gateway', version: '1.2.3' });
  });
});

describe('GET /status', () => {
  test('tells of every service, and asks each at most once a second', async () => {
    users.listener = json({ status: 'ok', version: '9.9.9' });
    const answers = [await gateway.fetch('/status'), await gateway.fetch('/status')];
    const [status] = await Promise.all(answers.map((answer) => answer.json()));
    expect(status).toMatchObject({
      status: 'degraded',
      services: {
        gateway: { status: 'up', version: '1.2.3' },
        users: { status: 'up', version: '9.9.9', latency_ms: expect.any(Number) },
        catalog: { status: 'down', version: null, latency_ms: null },
        orders: { status: 'not_deployed', version: null },
      },
    });
    expect(users.requests).toHaveLength(1);
    clock.advance(1000);
    await gateway.fetch('/status');
    expect(users.requests).toHaveLength(2);
  });

  test('a service that answers something else is down', async () => {
    users.listener = json({ hello: 'world' });
    const status = (await (await gateway.fetch('/status')).json()) as {
      services: Record<string, { status: string }>;
    };
    expect(status.services['users']?.status).toBe('down');
  });
});

describe('GET /status in a cluster', () => {
  const path = (name: string) => `/apis/apps/v1/namespaces/shop/deployments/zoco-${name}`;
  const deployment = (image: string, updated: number) => ({
    metadata: { name: 'zoco-orders', generation: 2 },
    spec: { replicas: 2, template: { spec: { containers: [{ image }] } } },
    status: {
      observedGeneration: 2,
      replicas: 2,
      updatedReplicas: updated,
      readyReplicas: 2,
      availableReplicas: 2,
    },
  });

  async function inCluster() {
    const api = await startTestApiServer();
    const cluster = manualClock();
    const own = await startGateway({
      clock: cluster,
      env: {
        GATEWAY_DEPLOYMENTS_PREFIX: 'zoco-',
        KUBERNETES_API_URL: api.url,
        KUBERNETES_API_DIR: api.credentialsDir,
      },
    });
    const both = new AsyncDisposableStack();
    both.use(api);
    both.use(own);
    const status = async () => (await own.fetch('/status')).json();
    return { api, clock: cluster, status, [Symbol.asyncDispose]: () => both.disposeAsync() };
  }

  test('tells of replicas and rollouts, and asks the API server at most every five seconds', async () => {
    await using w = await inCluster();
    w.api.objects.set(path('orders'), deployment('zoco/orders:1.3.0', 1));
    w.api.objects.set(path('gateway'), deployment('zoco/gateway:1.2.0', 2));
    expect(await w.status()).toMatchObject({
      cluster: { status: 'ok' },
      services: {
        orders: {
          deployment: {
            replicas: { desired: 2, updated: 1, ready: 2, available: 2 },
            rollout: 'progressing',
            image: '1.3.0',
          },
        },
        gateway: { deployment: { rollout: 'done', image: '1.2.0' } },
        cart: { deployment: null },
      },
    });
    w.api.objects.set(path('orders'), deployment('zoco/orders:1.3.0', 2));
    w.clock.advance(4999);
    expect(await w.status()).toMatchObject({
      services: { orders: { deployment: { rollout: 'progressing' } } },
    });
    expect(w.api.requests.toSorted()).toEqual(SERVICE_NAMES.map(path).toSorted());
    w.clock.advance(1);
    expect(await w.status()).toMatchObject({ services: { orders: { deployment: { rollout: 'done' } } } });
  });

  test.each([
    [403, 'forbidden'],
    [401, 'forbidden'],
    [500, 'unreachable'],
    [0, 'unreachable'],
  ])('says plainly when the API server answers %i', async (outage, expected) => {
    await using w = await inCluster();
    w.api.outage = outage;
    expect(await w.status()).toMatchObject({
      cluster: { status: expected, detail: expect.any(String) },
      services: { orders: { deployment: null } },
    });
  });

  test('says plainly that there is none', async () => {
    const status = await (await gateway.fetch('/status')).json();
    expect(status).toMatchObject({
      cluster: { status: 'outside' },
      services: { users: { deployment: null } },
    });
  });
});

describe('GET /.well-known/jwks.json', () => {
  const keys = { keys: [{ kty: 'OKP', kid: 'a' }] };
  const get = () => gateway.fetch('/.well-known/jwks.json');

  test('passes the keys of users on, and asks once a minute', async () => {
    users.listener = json(keys);
    expect(await (await get()).json()).toEqual(keys);
    clock.advance(59_000);
    await get();
    expect(users.requests).toHaveLength(1);
    clock.advance(1000);
    users.listener = json({ keys: [] });
    expect(await (await get()).json()).toEqual({ keys: [] });
  });

  test('goes on for an hour with the last ones while users is away', async () => {
    users.listener = json(keys);
    await get();
    users.listener = json({}, {}, 500);
    clock.advance(3_599_000);
    expect(await (await get()).json()).toEqual(keys);
    clock.advance(1000);
    expect(await (await get()).json()).toMatchObject({ status: 503, code: 'keys_unavailable' });
  });
});

describe('the reference', () => {
  test('GET /openapi.json gives the merged document, and 304 to who has it', async () => {
    const response = await gateway.fetch('/openapi.json');
    expect(await response.json()).toMatchObject({ openapi: '3.1.0' });
    const etag = response.headers.get('etag') ?? '';
    expect((await gateway.fetch('/openapi.json', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('GET /docs loads nothing from elsewhere', async () => {
    const response = await gateway.fetch('/docs');
    const page = await response.text();
    expect(response.headers.get('content-type')).toMatch('text/html');
    expect(page).not.toMatch(/https?:/);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|script-src[^;]*unsafe/);
    for (const [, path] of page.matchAll(/src="([^"]+)"/g)) {
      const script = await gateway.fetch(path ?? '');
      expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript']);
    }
  });

  test.each([
    ['/docs/viewer.js', 'createApiReference'],
    ['/openapi.json', '"openapi":"3.1.0"'],
  ])('%s is packed for those who can unpack it', async (path, content) => {
    const packed = await getBytes(path, { 'accept-encoding': 'br, gzip' });
    expect(gunzipSync(packed).toString()).toContain(content);
    expect((await getBytes(path, { 'accept-encoding': 'gzip;q=0, br' })).toString()).toContain(content);
    expect((await getBytes(path, {})).toString()).toContain(content);
  });

  test('GET / says where to look', async () => {
    expect(await (await gateway.fetch('/')).json()).toMatchObject({
      docs: '/docs',
      openapi: '/openapi.json',
    });
  });
});

/** The body as it comes: fetch would unpack it. */
function getBytes(path: string, headers: Record<string, string>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = httpGet(gateway.url + path, { headers }, (response) => resolve(buffer(response)));
    request.on('error', reject);
  });
}
