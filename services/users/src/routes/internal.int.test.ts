import {
  CALLS,
  type CallName,
  customerSnapshot,
  SERVICE_NAMES,
  tenantSettings,
  userInterests,
  userSnapshot,
} from '@zoco/contracts';
import { newId, type TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, type SignedInUser, type UsersWorld } from '../../fixtures/world.ts';

let world: UsersWorld;
let tenant: TenantId;
let user: SignedInUser;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
  user = await world.addUser(tenant);
});
afterAll(() => world[Symbol.asyncDispose]());

const OURS = (Object.keys(CALLS) as CallName[]).filter((name) => CALLS[name].callee === 'users');
const pathOf = (name: CallName) =>
  CALLS[name].path
    .replace('{user_id}', user.id)
    .replace('{tenant_id}', tenant)
    .replace('{customer_id}', newId('customer'));
const bodyOf = (name: CallName) => (CALLS[name].method === 'POST' ? { body: { api_key: 'x' } } : {});

describe.each(OURS)('%s', (name) => {
  test('401 without a service token, with one for another service, and with a user’s token instead', async () => {
    const { method, callers } = CALLS[name];
    const send = (headers: Record<string, string>) =>
      world.request(method, pathOf(name), { tenant, headers, ...bodyOf(name) });
    expect(await send({})).toMatchObject({ status: 401, body: { code: 'service_token_missing' } });
    expect(await send({ authorization: `Bearer ${user.token}` })).toMatchObject({ status: 401 });
    expect(await send({ 'x-zoco-service-token': user.token })).toMatchObject({
      status: 401,
      body: { code: 'service_token_invalid' },
    });
    expect(callers.length).toBeGreaterThan(0);
  });

  test('403 for every service that the call graph does not name', async () => {
    const allowed: readonly string[] = CALLS[name].callers;
    for (const caller of SERVICE_NAMES) {
      const answer = await world.call(caller, name, pathOf(name), { tenant, ...bodyOf(name) });
      const refused = answer.status === 403 && answer.body.code === 'caller_not_allowed';
      expect([caller, refused]).toEqual([caller, !allowed.includes(caller)]);
    }
  });
});

describe('listTenants', () => {
  test('pages hold all tenants, suspended ones too', async () => {
    const suspended = await world.addTenant();
    await world.db.transact(
      suspended,
      (tx) => tx.sql`update tenants set settings = settings || '{"active": false}'`,
    );
    const found = new Map<string, boolean>();
    for (let cursor: string | null = ''; cursor !== null;) {
      const path = `/internal/tenants?limit=1${cursor && `&cursor=${cursor}`}`;
      const { body } = await world.call('catalog', 'listTenants', path);
      for (const settings of body.data) found.set(settings.id, tenantSettings.parse(settings).active);
      cursor = body.next_cursor;
    }
    expect(found.get(tenant)).toBe(true);
    expect(found.get(suspended)).toBe(false);
  });

  test('422 for a cursor of another list', async () => {
    const path = `/internal/tenants?cursor=${Buffer.from('["tenants","a"]').toString('base64url')}`;
    expect((await world.call('catalog', 'listTenants', path)).status).toBe(422);
  });
});

describe('getTenant', () => {
  test('200 also when it is suspended, 404 for one that never was', async () => {
    const id = await world.addTenant();
    await world.db.transact(
      id,
      (tx) => tx.sql`update tenants set settings = settings || '{"active": false}'`,
    );
    const answer = await world.call('cart', 'getTenant', `/internal/tenants/${id}`);
    expect(tenantSettings.parse(answer.body)).toMatchObject({ id, active: false });
    for (const missing of ['nobody', 'NO', 'a%00b']) {
      const { status } = await world.call('cart', 'getTenant', `/internal/tenants/${missing}`);
      expect([404, 422]).toContain(status);
    }
  });
});

describe('getUser, getInterests, getCustomer', () => {
  test('200 in the form of the contract', async () => {
    const product = newId('product');
    const wished = newId('product');
    await world.request('PUT', `/api/v1/users/favorites/${product}`, { token: user.token });
    await world.request('PUT', `/api/v1/users/wishlist/${wished}`, {
      token: user.token,
      body: { priority: 2 },
    });
    const preferences = { categories: ['poetry'], language: 'es' };
    await world.request('PATCH', '/api/v1/users/profile', { token: user.token, body: { preferences } });
    const found = await world.call('orders', 'getUser', `/internal/users/${user.id}`, { tenant });
    expect(userSnapshot.parse(found.body)).toMatchObject({
      user_id: user.id,
      email: user.email,
      roles: ['customer'],
    });
    const interests = await world.call('catalog', 'getInterests', `/internal/users/${user.id}/interests`, {
      tenant,
    });
    expect(userInterests.parse(interests.body)).toEqual({
      favorite_ids: [product],
      wishlist_ids: [wished],
      categories: ['poetry'],
      language: 'es',
    });
    const staff = await world.addUser(tenant, ['staff']);
    const input = { name: 'ACME', email: 'ops@acme.example', phone: '+1', payment_terms_days: 60 };
    const { body: customer } = await world.request('POST', '/api/v1/customers', {
      token: staff.token,
      body: { ...input, phone: '+1-555' },
    });
    const snapshot = await world.call('orders', 'getCustomer', `/internal/customers/${customer.id}`, {
      tenant,
    });
    expect(customerSnapshot.parse(snapshot.body)).toMatchObject({
      id: customer.id,
      payment_terms_days: 60,
      version: 1,
    });
  });

  test('400 without a tenant, 404 in another tenant and for what does not exist', async () => {
    const other = await world.addTenant();
    for (const [name, caller] of [
      ['getUser', 'orders'],
      ['getInterests', 'catalog'],
      ['getCustomer', 'orders'],
    ] as const) {
      expect(await world.call(caller, name, pathOf(name))).toMatchObject({
        status: 400,
        body: { code: 'tenant_missing' },
      });
      expect((await world.call(caller, name, pathOf(name), { tenant: other })).status).toBe(404);
      expect((await world.call(caller, name, pathOf(name), { tenant: 'nobody' })).status).toBe(404);
    }
  });
});

test('GET /.well-known/jwks.json publishes the keys that sign now and next, and no private part', async () => {
  const answer = await world.request('GET', '/.well-known/jwks.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect(answer.body.keys).toHaveLength(2);
  for (const key of answer.body.keys) {
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  }
});
