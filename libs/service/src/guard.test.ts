import { newId, tenantId } from '@zoco/kernel';
import { createTestTokens } from '@zoco/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { createShopApp, type ProblemDocument } from '../fixtures/shop-app.ts';
import { SERVICE_TOKEN_HEADER } from './call.ts';

let shop: Awaited<ReturnType<typeof createShopApp>>;
beforeAll(async () => {
  shop = await createShopApp();
});

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | ReadableStream;
}

/** Every refusal is a problem document that says what the status line says. */
async function refusal(path: string, { body, ...init }: Asked = {}): Promise<ProblemDocument> {
  const response = await shop.app.request(path, {
    ...init,
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const document = (await response.json()) as ProblemDocument;
  expect(document.status).toBe(response.status);
  expect(document.instance).toBe(path.split('?')[0]);
  return document;
}

const staff = async (tenant = shop.addTenant().id) => shop.bearer({ tenantId: tenant, roles: ['staff'] });

describe('who asks', () => {
  test('a signed-in user is known with tenant', async () => {
    const { id } = shop.addTenant();
    const userId = newId('user');
    const response = await shop.app.request('/api/v1/me', {
      headers: await shop.bearer({ tenantId: id, userId }),
    });
    expect(await response.json()).toEqual({ tenant: id, principal: userId });
  });

  test.each([
    ['no token', {}, 'token_missing'],
    ['an empty header', { authorization: '' }, 'token_invalid'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'token_invalid'],
    ['a scheme without a token', { authorization: 'Bearer' }, 'token_invalid'],
    ['two tokens', { authorization: 'Bearer a.b.c d.e.f' }, 'token_invalid'],
    ['rubbish', { authorization: 'Bearer ...' }, 'token_invalid'],
    ['SQL', { authorization: "Bearer ' or 1=1 --" }, 'token_invalid'],
  ])('401 for %s', async (_what, headers, code) => {
    expect(await refusal('/api/v1/me', { headers })).toMatchObject({ status: 401, code });
    const response = await shop.app.request('/api/v1/me', { headers });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('a bad token is refused also where none is needed', async () => {
    const { id } = shop.addTenant();
    const headers = { 'x-tenant': id, authorization: 'Bearer rubbish' };
    expect(await refusal('/api/v1/window', { headers })).toMatchObject({
      status: 401,
      code: 'token_invalid',
    });
  });

  test('a token of other keys is refused', async () => {
    const { id } = shop.addTenant();
    const token = await (await createTestTokens()).sign({ tenantId: id });
    const headers = { authorization: `Bearer ${token}` };
    expect(await refusal('/api/v1/me', { headers })).toMatchObject({ status: 401 });
  });

  test('an open route asks nobody, not even for a tenant', async () => {
    const headers = { authorization: 'Bearer rubbish', 'x-tenant': 'NOBODY' };
    expect((await shop.app.request('/keys', { headers })).status).toBe(204);
  });
});

describe('whether they may', () => {
  test.each([
    ['customer', 403],
    ['staff', 200],
    ['admin', 200],
    ['platform', 200],
  ] as const)('%s in the office: %i', async (role, status) => {
    const headers = await shop.bearer({ tenantId: shop.addTenant().id, roles: [role] });
    expect((await shop.app.request('/api/v1/office', { headers })).status).toBe(status);
  });

  test('403 names the role or the scope that is missing', async () => {
    const { id } = shop.addTenant();
    const customer = { headers: await shop.bearer({ tenantId: id }) };
    expect(await refusal('/api/v1/office', customer)).toMatchObject({ status: 403, code: 'role_missing' });
    const key = { headers: await shop.bearer({ tenantId: id, roles: ['staff'], scope: 'orders:read' }) };
    expect(await refusal('/api/v1/office', key)).toMatchObject({ status: 403, code: 'scope_missing' });
  });

  test('the role is asked before the body is read: who may not learns nothing of it', async () => {
    const headers = {
      ...(await shop.bearer({ tenantId: shop.addTenant().id })),
      'content-type': 'text/plain',
    };
    const asked = { method: 'POST', headers, body: 'x' };
    expect(await refusal('/api/v1/things/1', asked)).toMatchObject({ status: 403 });
  });
});

describe('the tenant', () => {
  test.each([
    ['the header', (id: string) => ['/api/v1/window', { 'x-tenant': id }] as const],
    ['the query', (id: string) => [`/api/v1/window?tenant_id=${id}`, {}] as const],
    [
      'both, when they agree',
      (id: string) => [`/api/v1/window?tenant_id=${id}`, { 'x-tenant': id }] as const,
    ],
  ])('without a token comes from %s', async (_what, ask) => {
    const { id } = shop.addTenant();
    const [path, headers] = ask(id);
    const response = await shop.app.request(path, { headers });
    expect(await response.json()).toEqual({ tenant: id, principal: null });
  });

  test('a token that comes along where none is needed is used', async () => {
    const { id } = shop.addTenant();
    const userId = newId('user');
    const headers = await shop.bearer({ tenantId: id, userId });
    expect(await (await shop.app.request('/api/v1/window', { headers })).json()).toEqual({
      tenant: id,
      principal: userId,
    });
  });

  test('400 when nobody names one', async () => {
    expect(await refusal('/api/v1/window')).toMatchObject({ status: 400, code: 'tenant_missing' });
  });

  test('the same 404 for one that is not there and one that cannot be', async () => {
    const of = async (tenant: string) => ({
      ...(await refusal('/api/v1/window', { headers: { 'x-tenant': tenant } })),
      trace_id: undefined,
    });
    const known = await of('nobody-has-this');
    for (const odd of ['A', 'a b', '../acme', "a'--", 'x'.repeat(60), '']) {
      expect(await of(odd)).toEqual(known);
    }
    expect(known).toMatchObject({ status: 404, code: 'tenant_not_found' });
  });

  test('403 when it is suspended, for its own users too', async () => {
    const { id } = shop.addTenant({ active: false });
    expect(await refusal('/api/v1/window', { headers: { 'x-tenant': id } })).toMatchObject({
      status: 403,
      code: 'tenant_suspended',
    });
    expect(await refusal('/api/v1/me', { headers: await shop.bearer({ tenantId: id }) })).toMatchObject({
      status: 403,
      code: 'tenant_suspended',
    });
  });

  describe('403 when the request names another one than the token', () => {
    test.each([
      [
        'in the header',
        (other: string): [string, Asked] => ['/api/v1/things/1', { headers: { 'x-tenant': other } }],
      ],
      ['in the query', (other: string): [string, Asked] => [`/api/v1/things/1?tenant_id=${other}`, {}]],
      [
        'in the body',
        (other: string): [string, Asked] => [
          '/api/v1/things/1',
          { body: JSON.stringify({ name: 'n', price_cents: 1, tenant_id: other }) },
        ],
      ],
    ])('%s', async (_what, ask) => {
      const [path, asked] = ask(shop.addTenant().id);
      const headers = { 'content-type': 'application/json', ...(await staff()), ...asked.headers };
      const body = asked.body ?? '{"name":"n","price_cents":1}';
      expect(await refusal(path, { method: 'POST', headers, body })).toMatchObject({
        status: 403,
        code: 'tenant_mismatch',
      });
    });

    test('and when header and query name two, without any token', async () => {
      const path = `/api/v1/window?tenant_id=${shop.addTenant().id}`;
      const headers = { 'x-tenant': shop.addTenant().id };
      expect(await refusal(path, { headers })).toMatchObject({ status: 403, code: 'tenant_mismatch' });
    });
  });

  test('the platform’s staff act in the tenant they name, nobody else does', async () => {
    const { id } = shop.addTenant();
    const headers = {
      'x-tenant': id,
      ...(await shop.bearer({ tenantId: tenantId('zoco'), roles: ['platform'] })),
    };
    expect(await (await shop.app.request('/api/v1/me', { headers })).json()).toMatchObject({ tenant: id });
    const admin = {
      'x-tenant': id,
      ...(await shop.bearer({ tenantId: shop.addTenant().id, roles: ['admin'] })),
    };
    expect(await refusal('/api/v1/me', { headers: admin })).toMatchObject({
      status: 403,
      code: 'tenant_mismatch',
    });
  });

  test('tenant_id in a body is taken off before the schema looks', async () => {
    const { id } = shop.addTenant();
    const headers = { 'content-type': 'application/json', ...(await staff(id)) };
    const body = JSON.stringify({ name: 'n', price_cents: 1, tenant_id: id });
    const response = await shop.app.request('/api/v1/things/1', { method: 'POST', headers, body });
    expect(await response.json()).toEqual({ name: 'n', price_cents: 1 });
  });
});

describe('the body', () => {
  const write = async (body: string | ReadableStream | undefined, headers: Record<string, string> = {}) =>
    refusal('/api/v1/things/1', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(await staff()), ...headers },
      ...(body === undefined ? {} : { body }),
    });

  test.each([
    ['no JSON', '{', 400, 'body_not_json'],
    ['bad UTF-8', new Blob([Uint8Array.from([0x7b, 0xff, 0x7d])]).stream(), 400, 'body_not_utf8'],
    ['deep', '['.repeat(100), 400, 'body_too_deep'],
    ['a megabyte', `{"name":"${'x'.repeat(1_000_000)}"}`, 413, 'body_too_large'],
  ])('%s', async (_what, body, status, code) => {
    expect(await write(body)).toMatchObject({ status, code });
  });

  test.each([
    ['a content type that is not JSON', { 'content-type': 'text/plain' }, 'content_type_unsupported'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'content_type_unsupported'],
    ['gzip', { 'content-encoding': 'gzip' }, 'content_encoding_unsupported'],
  ])('415 for %s', async (_what, headers, code) => {
    expect(await write('{"name":"n","price_cents":1}', headers)).toMatchObject({ status: 415, code });
  });

  test.each([
    ['an empty object', '{}', ['name', 'price_cents']],
    ['an unknown field', '{"name":"n","price_cents":1,"role":"admin"}', ['role']],
    ['a wrong type', '{"name":1,"price_cents":"1"}', ['name', 'price_cents']],
    ['a negative price', '{"name":"n","price_cents":-1}', ['price_cents']],
    ['a price of 10^400', '{"name":"n","price_cents":1e400}', ['price_cents']],
    ['a fraction of a cent', '{"name":"n","price_cents":0.5}', ['price_cents']],
    ['NUL deep inside', '{"name":"n","price_cents":1,"tags":["ok","a\\u0000"]}', ['tags.1']],
    ['a list', '[]', ['body']],
    ['null', 'null', ['body']],
    ['a text', '"x"', ['body']],
  ])('422 that names the fields for %s', async (_what, body, fields) => {
    const document = await write(body);
    expect(document).toMatchObject({ status: 422, code: 'request_invalid' });
    expect(document.errors?.map(({ field }) => field)).toEqual(fields);
  });

  test('none at all is an empty one: the schema says what is missing', async () => {
    const headers = await staff();
    const document = await refusal('/api/v1/things/1', { method: 'POST', headers });
    expect(document).toMatchObject({ status: 422, errors: [{ field: 'name' }, { field: 'price_cents' }] });
  });
});

describe('path and query', () => {
  const write = async (path: string) =>
    refusal(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(await staff()) },
      body: '{"name":"n","price_cents":1}',
    });

  test.each([
    ['NUL in the path', '/api/v1/things/a%00b', 'id'],
    ['NUL in the query', '/api/v1/things/1?dry=a%00', 'dry'],
    ['an unknown parameter', '/api/v1/things/1?colour=red', 'colour'],
    ['a parameter out of its range', '/api/v1/things/1?dry=maybe', 'dry'],
    ['an id that is too long', `/api/v1/things/${'x'.repeat(65)}`, 'id'],
  ])('422 for %s', async (_what, path, field) => {
    expect(await write(path)).toMatchObject({ status: 422, code: 'request_invalid', errors: [{ field }] });
  });

  test.each(['%', '%zz', '%c3%28', '%ed%a0%80'])(
    'percent signs that mean nothing are no failure: %s',
    async (id) => {
      const response = await shop.app.request(`/api/v1/things/${id}?dry=${id}`, {
        method: 'POST',
        headers: await staff(),
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    },
  );
});

describe('calls between services', () => {
  const call = async (token: string | undefined) =>
    shop.app.request('/internal/reservations', {
      headers: token === undefined ? {} : { [SERVICE_TOKEN_HEADER]: token },
    });

  test('the callers of the call graph get in, without a tenant', async () => {
    const orders = await shop.tokens.identity('orders');
    const response = await call(await orders.tokenFor('catalog'));
    expect(await response.json()).toMatchObject({ principal: 'orders' });
  });

  test('a suspended shop is let in: what is under way there comes to its end; its users are not', async () => {
    const tenant = shop.addTenant({ active: false });
    const orders = await shop.tokens.identity('orders');
    const headers = { [SERVICE_TOKEN_HEADER]: await orders.tokenFor('catalog'), 'x-tenant': tenant.id };
    expect((await shop.app.request('/internal/reservations', { headers })).status).toBe(200);
    const user = await shop.bearer({ tenantId: tenant.id, roles: ['customer'] });
    expect(await refusal('/internal/reservations', { headers: { ...headers, ...user } })).toMatchObject({
      status: 403,
      code: 'tenant_suspended',
    });
  });

  test('403 for a service that the graph does not name', async () => {
    const cart = await shop.tokens.identity('cart');
    expect((await call(await cart.tokenFor('catalog'))).status).toBe(403);
  });

  test.each([
    ['no token', async () => undefined],
    ['rubbish', async () => 'rubbish'],
    ['a token for somebody else', async () => (await shop.tokens.identity('orders')).tokenFor('payments')],
    ['a user’s token', async () => shop.tokens.sign({ tenantId: shop.addTenant().id, roles: ['platform'] })],
    [
      'a token of other keys',
      async () => (await (await createTestTokens()).identity('orders')).tokenFor('catalog'),
    ],
  ])('401 for %s', async (_what, token) => {
    expect((await call(await token())).status).toBe(401);
  });

  test('a user cannot come in by this door, however high', async () => {
    const headers = await shop.bearer({ tenantId: shop.addTenant().id, roles: ['platform'] });
    expect(await refusal('/internal/reservations', { headers })).toMatchObject({
      status: 401,
      code: 'service_token_missing',
    });
  });
});
