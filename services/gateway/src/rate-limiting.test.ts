import { createTestTokens, testTenant } from '@zoco/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { startGateway } from '../fixtures/test-gateway.ts';
import { json, startUpstream } from '../fixtures/test-upstream.ts';

const tokens = await createTestTokens();
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const service = stack.use(await startUpstream(json({ data: [] })));

const limits = (user: number, tenant: number, checkout: number) => ({
  user: { requests: user, window_seconds: 60 },
  tenant: { requests: tenant, window_seconds: 60 },
  checkout: { requests: checkout, window_seconds: 60 },
});
const narrow = testTenant({ rate_limits: limits(3, 1000, 2) });
const shared = testTenant({ rate_limits: limits(1000, 4, 1000) });
const quiet = testTenant({ rate_limits: limits(1000, 1000, 1000) });
const gateway = stack.use(
  await startGateway({
    tokens,
    tenants: [narrow, shared, quiet],
    env: {
      USERS_URL: service.url,
      CATALOG_URL: service.url,
      ORDERS_URL: service.url,
      GATEWAY_ADDRESS_REQUESTS_MAX: '5',
      GATEWAY_ADDRESS_WINDOW_SECONDS: '3600',
    },
  }),
);

const sign = async (tenantId: typeof narrow.id) => ({
  authorization: `Bearer ${await tokens.sign({ tenantId })}`,
});

async function statuses(count: number, path: string, init: RequestInit): Promise<number[]> {
  const seen: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const response = await gateway.fetch(path, init);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
}

describe('rate limits', () => {
  test('of a user: told with every answer, and 429 beyond', async () => {
    const headers = await sign(narrow.id);
    const first = await gateway.fetch('/api/v1/orders', { headers });
    expect(first.headers.get('ratelimit-policy')).toBe('"user";q=3;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"user";r=2;t=6[0-3]$/);
    expect(await statuses(3, '/api/v1/orders', { headers })).toEqual([200, 200, 429]);

    const asked = service.requests.length;
    const refused = await gateway.fetch('/api/v1/orders', { headers });
    expect(await refused.json()).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toMatch(/^"user";r=0;t=\d+$/);
    expect(service.requests).toHaveLength(asked);
  });

  test('of one user leave the others alone', async () => {
    expect(await statuses(1, '/api/v1/orders', { headers: await sign(narrow.id) })).toEqual([200]);
  });

  test('of buying count apart', async () => {
    const headers = await sign(narrow.id);
    expect(await statuses(3, '/api/v1/orders', { method: 'POST', headers })).toEqual([200, 200, 429]);
    expect(await statuses(1, '/api/v1/orders', { headers })).toEqual([200]);
  });

  test('of a tenant: all of its users together, and no other tenant', async () => {
    const [ana, ben] = [await sign(shared.id), await sign(shared.id)];
    expect(await statuses(3, '/api/v1/orders', { headers: ana })).toEqual([200, 200, 200]);
    expect(await statuses(2, '/api/v1/orders', { headers: ben })).toEqual([200, 429]);
    const refused = await gateway.fetch('/api/v1/products', { headers: { 'x-tenant': shared.id } });
    expect(refused.headers.get('ratelimit-policy')).toContain('"tenant";q=4;w=60');
    expect(await statuses(3, '/api/v1/orders', { headers: await sign(quiet.id) })).toEqual([200, 200, 200]);
  });

  test('of an address: whoever is nobody, with a forged address too', async () => {
    const seen: number[] = [];
    for (let index = 0; index < 7; index += 1) {
      const headers = { 'x-forwarded-for': `198.51.100.${index}` };
      seen.push((await gateway.fetch('/api/v1/products', { headers })).status);
    }
    expect(seen).toEqual([200, 200, 200, 200, 200, 429, 429]);
  });

  test('of wrong tokens: soon they are not looked at any more, and right ones neither', async () => {
    const wrong = { headers: { authorization: 'Bearer wrong' } };
    expect(await statuses(7, '/api/v1/orders', wrong)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(await statuses(1, '/api/v1/orders', { headers: await sign(quiet.id) })).toEqual([429]);
  });

  test('the own health page has none', async () => {
    expect(new Set(await statuses(20, '/health', {}))).toEqual(new Set([200]));
  });
});
