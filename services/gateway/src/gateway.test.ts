import { get } from 'node:http';
import { createTestTokens, testTenant } from '@zoco/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startGateway } from '../fixtures/test-gateway.ts';
import { deadPort, json, startUpstream } from '../fixtures/test-upstream.ts';

const tokens = await createTestTokens();
const shop = testTenant({ cors_origins: ['https://shop.example'], hostnames: ['shop.example'] });
const other = testTenant({ cors_origins: ['https://other.example'] });

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const service = stack.use(await startUpstream(json({ data: [] })));
const gateway = stack.use(
  await startGateway({
    tokens,
    tenants: [shop, other],
    env: {
      USERS_URL: service.url,
      CATALOG_URL: service.url,
      CART_URL: service.url,
      ORDERS_URL: service.url,
      PAYMENTS_URL: `http://127.0.0.1:${await deadPort()}`,
    },
  }),
);
beforeEach(() => {
  service.requests.length = 0;
  service.listener = json({ data: [] });
});

const tenantHeader = { 'x-tenant': shop.id };
const asked = () => service.requests.at(-1)?.headers ?? {};
const bearer = async (tenant = shop) => ({
  authorization: `Bearer ${await tokens.sign({ tenantId: tenant.id })}`,
});

async function outcome(path: string, init: RequestInit = {}): Promise<string> {
  const response = await gateway.fetch(path, init);
  const body: { code?: string; instance?: string } = JSON.parse((await response.text()) || '{}');
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  expect([isProblem, body.instance]).toEqual(
    response.status >= 400 ? [true, path.split('?')[0]] : [false, undefined],
  );
  return `${response.status} ${body.code ?? 'ok'}`;
}

describe('routing', () => {
  test.each([
    ['GET', '/api/v1/products', '200 ok'],
    ['GET', '/api/v1/products/prd_1?q=1', '200 ok'],
    ['GET', '/api/v1/%70roducts', '200 ok'],
    ['GET', '/api/v1/nothing', '404 route_not_found'],
    ['GET', '/api/v1/products/a/b', '404 route_not_found'],
    ['GET', '/internal/tenants', '404 route_not_found'],
    ['GET', '/api/v1/internal/tenants', '404 route_not_found'],
    ['GET', '/metrics', '404 route_not_found'],
    ['GET', '/livez', '404 route_not_found'],
    ['DELETE', '/api/v1/products', '405 method_not_allowed'],
    ['POST', '/health', '405 method_not_allowed'],
    ['GET', '/api/v1/invoices', '503 service_not_deployed'],
    ['POST', '/api/v1/payments/webhooks/stripe', '503 service_unavailable'],
  ])('%s %s → %s', async (method, path, expected) => {
    expect(await outcome(path, { method, headers: tenantHeader })).toBe(expected);
  });

  test('a refused method tells which ones there are', async () => {
    const response = await gateway.fetch('/api/v1/products', { method: 'DELETE' });
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('a service sees path and query as they were sent', async () => {
    await gateway.fetch('/api/v1/products?q=caf%C3%A9&x=a%2Fb', { headers: tenantHeader });
    expect(service.requests[0]?.url).toBe('/api/v1/products?q=caf%C3%A9&x=a%2Fb');
  });

  test('HEAD is answered without a body', async () => {
    const response = await gateway.fetch('/api/v1/products', { method: 'HEAD', headers: tenantHeader });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(service.requests[0]?.method).toBe('HEAD');
  });
});

describe('tokens', () => {
  test('a valid one goes on to the service', async () => {
    const headers = await bearer();
    expect(await outcome('/api/v1/orders', { headers })).toBe('200 ok');
    expect(asked()).toMatchObject(headers);
  });

  test.each([
    ['rubbish', 'Bearer rubbish'],
    ['Basic', 'Basic YTpi'],
    ['unsigned', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9.'],
    ['64 kB', `Bearer ${'a'.repeat(8000)}`],
  ])('%s is refused at the door', async (_name, authorization) => {
    expect(await outcome('/api/v1/orders', { headers: { authorization } })).toBe('401 token_invalid');
    expect(service.requests).toHaveLength(0);
  });

  test('one signed by somebody else is refused', async () => {
    const foreign = await createTestTokens();
    const authorization = `Bearer ${await foreign.sign({ tenantId: shop.id })}`;
    expect(await outcome('/api/v1/products', { headers: { authorization } })).toBe('401 token_invalid');
  });

  test('a route that takes no notice of tokens is reached with a stale one', async () => {
    const init = { method: 'POST', headers: { authorization: 'Bearer stale' } };
    expect(await outcome('/api/v1/users/refresh', init)).toBe('200 ok');
    expect(asked().authorization).toBeUndefined();
  });

  test('without any, the service decides', async () => {
    service.listener = json(
      { code: 'token_missing', instance: '/api/v1/orders' },
      { 'content-type': 'application/problem+json' },
      401,
    );
    expect(await outcome('/api/v1/orders')).toBe('401 token_missing');
  });
});

describe('what a client cannot say', () => {
  test('forged headers of the inside are dropped, and the true ones set', async () => {
    const headers = {
      ...tenantHeader,
      'x-zoco-client-ip': '6.6.6.6',
      'x-zoco-service-token': 'forged',
      'x-zoco-timeout-ms': '999999999',
      'x-user-id': 'usr_admin',
      'x-user-roles': 'platform',
      'x-forwarded-for': '6.6.6.6',
      'x-real-ip': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
    };
    await gateway.fetch('/api/v1/products', { headers });
    expect(JSON.stringify(asked())).not.toMatch(/6\.6\.6\.6|forged|usr_admin|platform/);
    expect(asked()['x-zoco-client-ip']).toBe('127.0.0.1');
    expect(Number(asked()['x-zoco-timeout-ms'])).toBeGreaterThan(0);
    expect(Number(asked()['x-zoco-timeout-ms'])).toBeLessThanOrEqual(10_000);
  });

  test('only a trusted proxy names the client', async () => {
    await using behind = await startGateway({
      tokens,
      tenants: [shop],
      env: { CATALOG_URL: service.url, GATEWAY_TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.1' },
    });
    const headers = {
      ...tenantHeader,
      'x-forwarded-for': '1.1.1.1, 198.51.100.7, 10.0.0.1',
      'x-forwarded-proto': 'https',
    };
    const response = await behind.fetch('/api/v1/products', { headers });
    expect(asked()['x-zoco-client-ip']).toBe('198.51.100.7');
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
    const direct = await gateway.fetch('/health', { headers: { 'x-forwarded-proto': 'https' } });
    expect(direct.headers.get('strict-transport-security')).toBeNull();
  });

  test('request ids: a good one is kept, a bad one replaced', async () => {
    const good = await gateway.fetch('/api/v1/products', { headers: { 'x-request-id': 'order-4711' } });
    expect([good.headers.get('x-request-id'), asked()['x-request-id']]).toEqual(['order-4711', 'order-4711']);
    const bad = await gateway.fetch('/api/v1/products', { headers: { 'x-request-id': 'a b{}' } });
    expect(bad.headers.get('x-request-id')).toMatch(/^req_/);
    expect(asked()['x-request-id']).toBe(bad.headers.get('x-request-id'));
  });

  test('a trace goes on', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await gateway.fetch('/api/v1/products', { headers: { traceparent } });
    expect(asked()['traceparent']).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
  });
});

describe('the tenant of a host name', () => {
  // fetch does not let a caller choose Host.
  const askWithHost = (headers: Record<string, string>) =>
    new Promise<void>((resolve, reject) => {
      const request = get(`${gateway.url}/api/v1/products`, { headers }, (response) => {
        response.resume().on('end', resolve);
      });
      request.on('error', reject);
    });

  test('is named to the service', async () => {
    await askWithHost({ host: 'Shop.example:443' });
    expect(asked()['x-tenant']).toBe(shop.id);
  });

  test('gives way to the tenant that the client names', async () => {
    await askWithHost({ host: 'shop.example', 'x-tenant': other.id });
    expect(asked()['x-tenant']).toBe(other.id);
  });

  test('gives way to the tenant of a token', async () => {
    await askWithHost({ host: 'shop.example', ...(await bearer(other)) });
    expect(asked()['x-tenant']).toBeUndefined();
  });

  test('is nobody’s where no tenant has the name', async () => {
    await askWithHost({ host: 'unknown.example' });
    expect(asked()['x-tenant']).toBeUndefined();
  });
});

describe('CORS', () => {
  const preflight = (origin: string, headers: Record<string, string> = {}) =>
    gateway.fetch('/api/v1/products', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', ...headers },
    });

  test('a preflight is answered here, for an origin that some tenant allows', async () => {
    const response = await preflight('https://shop.example');
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': expect.stringContaining('Idempotency-Key'),
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    expect(service.requests).toHaveLength(0);
  });

  test('a preflight from elsewhere gets no permission', async () => {
    const response = await preflight('https://evil.example');
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('a preflight to a path that does not exist is a 404', async () => {
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' };
    const response = await gateway.fetch('/api/v1/nothing', { method: 'OPTIONS', headers });
    expect(response.status).toBe(404);
  });

  test.each([
    ['its own shop', 'https://shop.example', tenantHeader, 'https://shop.example'],
    ['another shop', 'https://other.example', tenantHeader, null],
    ['nobody’s', 'https://evil.example', tenantHeader, null],
    ['any shop, while no tenant is named', 'https://other.example', {}, 'https://other.example'],
  ])('an answer may be read by the origin of %s', async (_name, origin, headers, expected) => {
    const response = await gateway.fetch('/api/v1/products', { headers: { origin, ...headers } });
    expect(response.headers.get('access-control-allow-origin')).toBe(expected);
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('vary')).toBe('Origin');
  });

  test('the tenant of a token decides', async () => {
    const headers = { origin: 'https://shop.example', ...(await bearer(other)) };
    const response = await gateway.fetch('/api/v1/orders', { headers });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a page can read why its request was refused', async () => {
    const headers = { origin: 'https://shop.example', authorization: 'Bearer expired' };
    const response = await gateway.fetch('/api/v1/orders', { headers });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'https://shop.example',
    ]);
  });

  test('what a service says about origins is not passed on', async () => {
    service.listener = json(
      {},
      { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' },
    );
    const response = await gateway.fetch('/api/v1/products', {
      headers: { origin: 'https://evil.example', ...tenantHeader },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

test('every answer carries the security headers', async () => {
  for (const path of ['/api/v1/products', '/api/v1/nothing', '/health', '/api/v1/../x', '/openapi.json']) {
    const { headers } = await gateway.fetch(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-request-id')).toBeTruthy();
  }
});

test('an answer about whose storage nothing is said is stored by nobody', async () => {
  expect((await gateway.fetch('/api/v1/orders')).headers.get('cache-control')).toBe('no-store');
  service.listener = json({}, { etag: '"1"' });
  expect((await gateway.fetch('/api/v1/orders')).headers.get('cache-control')).toBe('private, no-cache');
});

test('a draining gateway gives its connections up', async () => {
  await using draining = await startGateway({
    tokens,
    tenants: [shop],
    env: { CATALOG_URL: service.url },
    isDraining: () => true,
  });
  const response = await draining.fetch('/api/v1/products', { headers: tenantHeader });
  expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
});
