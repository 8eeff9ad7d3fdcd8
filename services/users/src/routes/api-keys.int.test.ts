import { newId, type TenantId } from '@zoco/kernel';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, type SignedInUser, type UsersWorld } from '../../fixtures/world.ts';

const PATH = '/api/v1/api-keys';
const EXCHANGE = '/internal/api-keys/exchange';
let world: UsersWorld;
let tenant: TenantId;
let admin: SignedInUser;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
  admin = await world.addUser(tenant, ['admin']);
});
afterAll(() => world[Symbol.asyncDispose]());

const input = (overrides: object = {}) => ({
  name: 'Import',
  scopes: ['products:write', 'customers:read'],
  ...overrides,
});
const create = (body: unknown = input(), token: string | undefined = admin.token) =>
  world.request('POST', PATH, { token, body });
const exchange = (api_key: unknown, headers: Record<string, string> = {}) =>
  world.call('gateway', 'exchangeApiKey', EXCHANGE, { body: { api_key }, headers });
const revoke = (id: string, token: string | undefined = admin.token) =>
  world.request('DELETE', `${PATH}/${id}`, { token });
const daysUntil = (time: string) => Math.round((Date.parse(time) - Date.now()) / 86_400_000);

describe('POST /api-keys', () => {
  test('201 shows the key this once; the database holds only its hash', async () => {
    const { status, body, headers } = await create(
      input({ scopes: ['customers:read', 'products:write', 'customers:read'] }),
    );
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(body).toMatchObject({
      name: 'Import',
      role: 'staff',
      scopes: ['customers:read', 'products:write'],
      created_by: admin.id,
      last_used_at: null,
    });
    expect(body.api_key).toMatch(new RegExp(String.raw`^zk_${tenant}\.[\w-]{43}$`));
    expect(daysUntil(body.expires_at)).toBe(90);
    const rows = await world.db.read(tenant, (tx) => tx.sql`select * from api_keys where id = ${body.id}`);
    expect(JSON.stringify(rows)).not.toContain(body.api_key.slice(-43));
    const list = await world.request('GET', PATH, { token: admin.token });
    expect(JSON.stringify(list.body)).not.toContain(body.api_key.slice(-43));
  });

  test.each([
    [{ name: '' }, 'name'],
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['everything'] }, 'scopes.0'],
    [{ scopes: ['users:write'] }, 'scopes'],
    [{ scopes: ['products:read', 'tenants:read'] }, 'scopes'],
    [{ role: 'platform' }, 'role'],
    [{ role: 'customer' }, 'role'],
    [{ expires_in_days: 366 }, 'expires_in_days'],
    [{ expires_in_days: 0 }, 'expires_in_days'],
    [{ expires_at: '2099-01-01T00:00:00Z' }, 'expires_at'],
    [{ created_by: 'usr_1' }, 'created_by'],
  ])('422 %j', async (change, field) => {
    const answer = await create(input(change));
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test('401 without a token, 403 for staff, for an administrator who no longer is one, and for another key', async () => {
    expect((await world.request('POST', PATH, { tenant, body: input() })).status).toBe(401);
    const staff = await world.addUser(tenant, ['staff']);
    expect(await create(input(), staff.token)).toMatchObject({ status: 403, body: { code: 'role_missing' } });
    const former = await world.addUser(tenant, ['admin']);
    await world.db.transact(
      tenant,
      (tx) => tx.sql`update users set roles = '{staff}' where id = ${former.id}`,
    );
    expect(await create(input(), former.token)).toMatchObject({ status: 403, body: { code: 'role_lost' } });
    const strong = await create(input({ role: 'admin', scopes: ['users:read', 'users:write'] }));
    const { body } = await exchange(strong.body.api_key);
    expect(await create(input(), body.access_token)).toMatchObject({
      status: 403,
      body: { code: 'account_missing' },
    });
  });
});

describe('the token that a key is exchanged for', () => {
  test('names the key, its role and scopes, and lives five minutes', async () => {
    const { body: key } = await create();
    const { status, body } = await exchange(key.api_key);
    expect([status, body.expires_in]).toEqual([200, 300]);
    const { exp = 0, iat = 0, jti, ...claims } = decodeJwt(body.access_token);
    expect(claims).toEqual({
      iss: 'zoco-users',
      aud: 'zoco',
      sub: key.id,
      tid: tenant,
      roles: ['staff'],
      scope: 'customers:read products:write',
    });
    expect(exp - iat).toBe(300);
    expect(jti?.startsWith(`${key.id}.`)).toBe(true);
    const { body: list } = await world.request('GET', PATH, { token: admin.token });
    const used = list.data.find(({ id }: { id: string }) => id === key.id);
    expect(used.last_used_at).not.toBeNull();
  });

  test('opens what its scopes say and nothing else', async () => {
    const { body: key } = await create(input({ scopes: ['customers:read'] }));
    const token = (await exchange(key.api_key)).body.access_token;
    expect((await world.request('GET', '/api/v1/customers', { token })).status).toBe(200);
    const body = { name: 'X', email: 'x@example.com', phone: '123' };
    expect(await world.request('POST', '/api/v1/customers', { token, body })).toMatchObject({
      status: 403,
      body: { code: 'scope_missing' },
    });
    expect((await world.request('GET', '/api/v1/users', { token })).status).toBe(403);
  });

  test('an administrator’s key gives roles no higher than its own, and none once it is revoked', async () => {
    const { body: key } = await create(input({ role: 'admin', scopes: ['users:write'] }));
    const token = (await exchange(key.api_key)).body.access_token;
    const user = await world.addUser(tenant);
    const patch = (body: object) => world.request('PATCH', `/api/v1/users/${user.id}`, { token, body });
    expect((await patch({ roles: ['staff'] })).status).toBe(200);
    expect((await patch({ roles: ['platform'] })).status).toBe(403);
    await revoke(key.id);
    expect(await patch({ roles: ['customer'] })).toMatchObject({
      status: 401,
      body: { code: 'token_revoked' },
    });
  });

  test('ends no later than the key, and a key that has expired gives none', async () => {
    const { body: key } = await create();
    const expireIn = (seconds: number) =>
      world.db.transact(
        tenant,
        (tx) => tx.sql`
        update api_keys set expires_at = now() + make_interval(secs => ${seconds}) where id = ${key.id}`,
      );
    await expireIn(60);
    const { body } = await exchange(key.api_key);
    expect(body.expires_in).toBeLessThanOrEqual(60);
    await expireIn(0);
    expect(await exchange(key.api_key)).toMatchObject({ status: 401, body: { code: 'api_key_invalid' } });
  });

  test('401 for keys that nobody made, that were moved to another tenant, or revoked', async () => {
    const { body: key } = await create();
    const other = await world.addTenant();
    const secret = key.api_key.split('.')[1];
    const forged = [
      'x',
      '',
      `zk_${tenant}.${'a'.repeat(43)}`,
      `zk_${other}.${secret}`,
      `zrt_${tenant}.${secret}`,
      `zk_nobody.${secret}`,
    ];
    for (const text of forged)
      expect(await exchange(text)).toMatchObject({ status: 401, body: { code: 'api_key_invalid' } });
    await revoke(key.id);
    expect(await exchange(key.api_key)).toMatchObject({ status: 401, body: { code: 'api_key_invalid' } });
  });

  test('403 for a suspended tenant; 422 without a key; 401 and 403 for who may not exchange', async () => {
    const shop = await world.addTenant();
    const { token } = await world.addUser(shop, ['admin']);
    const { body: key } = await create(input(), token);
    await world.db.transact(
      shop,
      (tx) => tx.sql`update tenants set settings = settings || '{"active": false}'`,
    );
    world.deps.tenants.forget();
    expect(await exchange(key.api_key)).toMatchObject({ status: 403, body: { code: 'tenant_suspended' } });
    expect((await exchange(undefined)).status).toBe(422);
    const body = { api_key: key.api_key };
    expect((await world.request('POST', EXCHANGE, { body })).status).toBe(401);
    expect(await world.call('orders', 'exchangeApiKey', EXCHANGE, { body })).toMatchObject({
      status: 403,
      body: { code: 'caller_not_allowed' },
    });
  });
});

describe('GET and DELETE /api-keys', () => {
  test('lists what is not revoked, newest first, in pages, and nobody else’s', async () => {
    const shop = await world.addTenant();
    const { token } = await world.addUser(shop, ['admin']);
    const ids: string[] = [];
    for (const name of ['one', 'two', 'three']) ids.unshift((await create(input({ name }), token)).body.id);
    await revoke(ids[1] ?? '', token);
    const list = (query: string) => world.request('GET', `${PATH}?${query}`, { token });
    const idsOf = ({ body }: Awaited<ReturnType<typeof list>>) =>
      body.data.map(({ id }: { id: string }) => id);
    expect(idsOf(await list(''))).toEqual([ids[0], ids[2]]);
    const first = await list('limit=1');
    expect(idsOf(await list(`limit=1&cursor=${first.body.next_cursor}`))).toEqual([ids[2]]);
  });

  test('404 for a foreign key, one that is revoked and one that never was; 401 and 403', async () => {
    const { body: key } = await create();
    const other = await world.addUser(await world.addTenant(), ['admin']);
    await revoke(key.id, other.token);
    expect((await exchange(key.api_key)).status).toBe(200);
    expect((await revoke(key.id)).status).toBe(204);
    for (const id of [key.id, newId('apiKey'), 'x']) {
      expect(await revoke(id)).toMatchObject({ status: 404, body: { code: 'api_key_not_found' } });
    }
    const staff = await world.addUser(tenant, ['staff']);
    expect((await revoke(key.id, staff.token)).status).toBe(403);
    expect((await world.request('GET', PATH, { token: staff.token })).status).toBe(403);
    expect((await world.request('GET', PATH, { tenant })).status).toBe(401);
    expect((await world.request('DELETE', `${PATH}/${key.id}`, { tenant })).status).toBe(401);
  });
});
