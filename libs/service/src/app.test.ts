import { Problem } from '@zoco/kernel';
import { eventually } from '@zoco/testing';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, test } from 'vitest';
import { createShopApp, type ProblemDocument } from '../fixtures/shop-app.ts';
import { anonymous, open } from './access.ts';
import { REQUEST_ID_HEADER, TIMEOUT_HEADER } from './call.ts';
import { registry } from './metrics.ts';
import { createRouter, defineRoute } from './route.ts';

const problemOf = async (response: Response | Promise<Response>) =>
  (await (await response).json()) as ProblemDocument;

/** An app with one more open route, `GET /work`. */
async function appThat(work: () => Promise<void>, requestsInFlightMax = 100) {
  const router = createRouter();
  const responses = { 204: { description: 'Done' } };
  const route = defineRoute({ method: 'get', path: '/work', access: open, summary: 'Work', responses });
  router.openapi(route, async (c) => {
    await work();
    return c.body(null, 204);
  });
  return (await createShopApp({ routes: [router], requestsInFlightMax })).app;
}

describe('a route that declares no access rule keeps the process from starting', () => {
  const started = (register: (router: ReturnType<typeof createRouter>) => void) => {
    const router = createRouter();
    register(router);
    return createShopApp({ routes: [router] });
  };

  test.each<[string, (router: ReturnType<typeof createRouter>) => void, string]>([
    ['get', (router) => router.get('/debug', (c) => c.text('x')), 'GET /debug'],
    [
      'post below a parameter',
      (router) => router.post('/things/:id', (c) => c.text('x')),
      'POST /things/:id',
    ],
    ['on', (router) => router.on('PURGE', '/cache', (c) => c.text('x')), 'PURGE /cache'],
    ['all', (router) => router.all('/anything', (c) => c.text('x')), 'ALL /anything'],
    [
      'openapi without defineRoute',
      (router) =>
        router.openapi(
          { method: 'get', path: '/plain', responses: {} } as never,
          ((c: { text(t: string): Response }) => c.text('x')) as never,
        ),
      'GET /plain',
    ],
  ])('%s', async (_what, register, named) => {
    await expect(started(register)).rejects.toThrow(named);
  });

  test('middleware is no route', async () => {
    await expect(started((router) => router.use('/api/*', (_c, next) => next()))).resolves.toBeDefined();
    await expect(started((router) => router.use((_c, next) => next()))).resolves.toBeDefined();
  });
});

describe('what no route takes', () => {
  test('404 for a path that is not there', async () => {
    const { app } = await createShopApp();
    for (const path of ['/', '/api/v1/nothing', '/api/v1/window/', '/metrics', '/%00']) {
      expect(await problemOf(app.request(path))).toMatchObject({ status: 404, code: 'route_not_found' });
    }
  });

  test.each([
    ['POST', '/api/v1/window', 'GET'],
    ['DELETE', '/api/v1/things/1', 'POST'],
    ['PATCH', '/health', 'GET'],
    ['OPTIONS', '/api/v1/me', 'GET'],
  ])('405 for %s %s, with what may be asked', async (method, path, allow) => {
    const { app } = await createShopApp();
    const response = await app.request(path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  test('HEAD is GET without a body', async () => {
    const { app } = await createShopApp();
    const response = await app.request('/health', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('failures', () => {
  test('a bug is a fixed 500 that tells nothing of it', async () => {
    const secret = 'password=hunter2 at /srv/orders.ts:7';
    const app = await appThat(() => Promise.reject(new Error(secret)));
    const response = await app.request('/work');
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ code: 'internal_error', instance: '/work' });
    expect(text).not.toContain('hunter2');
  });

  test('a Problem is its status, code, fields, extensions and Retry-After; its cause stays here', async () => {
    const app = await appThat(() =>
      Promise.reject(
        new Problem('conflict', 'stock_insufficient', 'There are not enough.', {
          errors: [{ field: 'items.0.quantity', code: 'too_big', detail: 'only 2 left' }],
          retryAfterSeconds: 1.2,
          extensions: { available: 2, status: 200, code: 'other' },
          cause: new Error('hunter2'),
        }),
      ),
    );
    const response = await app.request('/work');
    expect(response.headers.get('retry-after')).toBe('2');
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      type: 'urn:zoco:problem:stock_insufficient',
      title: 'Conflict',
      status: 409,
      code: 'stock_insufficient',
      available: 2,
      errors: [{ field: 'items.0.quantity' }],
    });
    expect(text).not.toContain('hunter2');
  });

  test('what the framework itself refuses is a problem as well', async () => {
    const app = await appThat(() => Promise.reject(new HTTPException(400, { message: 'odd' })));
    expect(await problemOf(app.request('/work'))).toMatchObject({ status: 400, code: 'request_malformed' });
    const broken = await appThat(() => Promise.reject(new HTTPException(502, { message: 'odd' })));
    expect(await problemOf(broken.request('/work'))).toMatchObject({ status: 500, code: 'internal_error' });
  });

  test('a database that is away is a 503 with Retry-After', async () => {
    const router = createRouter();
    const responses = { 204: { description: 'Done' } };
    const route = defineRoute({
      method: 'get',
      path: '/rows',
      access: anonymous,
      summary: 'Read',
      responses,
    });
    router.openapi(route, async (c) => {
      await c.var.ctx.read((tx) => tx.sql`select 1`);
      return c.body(null, 204);
    });
    const shop = await createShopApp({ routes: [router] });
    const headers = { 'x-tenant': shop.addTenant().id };
    const response = await shop.app.request('/rows', { headers });
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'database_unavailable' });
  });
});

describe('request ids', () => {
  test.each(['req-12345678', 'A.b:c_d-e', 'x'.repeat(128)])('a good one is kept: %s', async (id) => {
    const { app } = await createShopApp();
    const response = await app.request('/health', { headers: { [REQUEST_ID_HEADER]: id } });
    expect(response.headers.get(REQUEST_ID_HEADER)).toBe(id);
  });

  test.each([undefined, '', 'short', 'x'.repeat(129), 'a b c d e f', '<script>alert(1)</script>'])(
    'a bad one is replaced: %j',
    async (id) => {
      const { app } = await createShopApp();
      const headers: Record<string, string> = id === undefined ? {} : { [REQUEST_ID_HEADER]: id };
      const given = (await app.request('/health', { headers })).headers.get(REQUEST_ID_HEADER);
      expect(given).toMatch(/^req_[0-9a-z]{26}$/);
    },
  );

  test('refusals carry one too', async () => {
    const { app } = await createShopApp();
    const response = await app.request('/nothing', { headers: { [REQUEST_ID_HEADER]: 'req-12345678' } });
    expect(response.headers.get(REQUEST_ID_HEADER)).toBe('req-12345678');
  });
});

describe('deadlines', () => {
  test.each(['49', '0', '-1', ''])('504 when the caller stops waiting in %j ms', async (timeout) => {
    const { app } = await createShopApp();
    const response = app.request('/keys', { headers: { [TIMEOUT_HEADER]: timeout } });
    expect(await problemOf(response)).toMatchObject({ status: 504, code: 'deadline_too_short' });
  });

  test.each(['50', '1e9', 'Infinity', 'soon'])('%s ms are time enough', async (timeout) => {
    const { app } = await createShopApp();
    expect((await app.request('/keys', { headers: { [TIMEOUT_HEADER]: timeout } })).status).toBe(204);
  });
});

describe('overload', () => {
  test('beyond the number in flight: 503 at once; who is in goes on, and then there is room again', async () => {
    const gate = Promise.withResolvers<void>();
    const app = await appThat(() => gate.promise, 3);
    const inside = [1, 2, 3].map(async () => app.request('/work'));
    const refused = await app.request('/work');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: 'service_overloaded' });
    gate.resolve();
    expect((await Promise.all(inside)).map(({ status }) => status)).toEqual([204, 204, 204]);
    expect((await app.request('/work')).status).toBe(204);
  });

  test('a request that fails leaves its place', async () => {
    const app = await appThat(() => Promise.reject(new Error('no')), 2);
    for (let time = 0; time < 10; time += 1) expect((await app.request('/work')).status).toBe(500);
  });

  test('an event loop that stands still: 503, until it turns again', async () => {
    const app = await appThat(() => Promise.resolve());
    const blocked = new Int32Array(new SharedArrayBuffer(4));
    await eventually(async () => {
      Atomics.wait(blocked, 0, 0, 400);
      expect((await app.request('/work')).status).toBe(503);
    });
    await eventually(async () => expect((await app.request('/work')).status).toBe(204));
  });
});

describe('every app answers', () => {
  test('/health and /status, with its version', async () => {
    const { app } = await createShopApp();
    expect(await (await app.request('/health')).json()).toEqual({
      status: 'ok',
      service: 'catalog',
      version: '1.2.3',
    });
    expect(await (await app.request('/status')).json()).toMatchObject({
      status: 'ok',
      version: '1.2.3',
      uptime_seconds: expect.any(Number) as number,
    });
  });

  test('metrics count by the pattern of a route, never by its path', async () => {
    const { app } = await createShopApp();
    await app.request('/api/v1/things/very-special-id', { method: 'POST' });
    await app.request('/nobody/knows/this/path');
    const text = await registry.metrics();
    expect(text).toContain('route="/api/v1/things/:id",status="401"');
    expect(text).toContain('route="unmatched",status="404"');
    expect(text).not.toContain('very-special-id');
    expect(text).not.toContain('/nobody/');
  });
});
