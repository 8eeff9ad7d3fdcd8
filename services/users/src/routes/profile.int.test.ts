import type { TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, PASSWORD, type SignedInUser, type UsersWorld } from '../../fixtures/world.ts';

let world: UsersWorld;
let tenant: TenantId;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
});
afterAll(() => world[Symbol.asyncDispose]());

const PATH = '/api/v1/users/profile';
const get = (token?: string) => world.request('GET', PATH, { token });
const patch = (token: string | undefined, body: unknown) => world.request('PATCH', PATH, { token, body });

describe('GET /users/profile', () => {
  test('200 shows the user to himself, without the password', async () => {
    const user = await world.addUser(tenant);
    const answer = await get(user.token);
    expect(answer).toMatchObject({ status: 200, body: { id: user.id, email: user.email } });
    expect(Object.keys(answer.body)).toEqual([
      'id',
      'tenant_id',
      'email',
      'first_name',
      'last_name',
      'roles',
      'active',
      'preferences',
      'created_at',
      'updated_at',
      'version',
    ]);
  });

  test('401 without a token, or after the user was deleted', async () => {
    expect(await get()).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    const user = await world.addUser(tenant);
    const admin = await world.addUser(tenant, ['admin']);
    await world.request('DELETE', `/api/v1/users/${user.id}`, { token: admin.token });
    expect(await get(user.token)).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
  });

  test('403 when the token names one tenant and the request another', async () => {
    const user = await world.addUser(tenant);
    const answer = await world.request('GET', PATH, { token: user.token, tenant: await world.addTenant() });
    expect(answer).toMatchObject({ status: 403, body: { code: 'tenant_mismatch' } });
  });
});

describe('PATCH /users/profile', () => {
  test('200 changes what is given and records it once', async () => {
    const user = await world.addUser(tenant);
    const preferences = { categories: ['fiction', 'poesía', 'fiction'], language: 'es' };
    expect(await patch(user.token, { first_name: ' Eva ', preferences })).toMatchObject({
      status: 200,
      body: {
        first_name: 'Eva',
        last_name: 'García',
        preferences: { categories: ['fiction', 'poesía'], language: 'es' },
        version: 2,
      },
    });
    expect(await patch(user.token, { preferences: { language: null } })).toMatchObject({
      body: { preferences: { categories: ['fiction', 'poesía'], language: null }, version: 3 },
    });
    const events = await world.events(tenant, user.id);
    expect(events.map(({ type, version }) => [type, version])).toEqual([
      ['user.registered', 1],
      ['user.updated', 2],
      ['user.updated', 3],
    ]);
    expect(events[1]?.data).toMatchObject({ user_id: user.id, first_name: 'Eva' });
  });

  test('what changes nothing raises no version and records nothing', async () => {
    const user = await world.addUser(tenant);
    expect(await patch(user.token, { first_name: 'Ana', preferences: {} })).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect((await patch(user.token, {})).status).toBe(200);
    expect(await world.events(tenant, user.id)).toHaveLength(1);
  });

  test('changes at once are all counted', async () => {
    const user = await world.addUser(tenant);
    const names = ['A', 'B', 'C', 'D', 'E', 'F'];
    await Promise.all(names.map((first_name) => patch(user.token, { first_name })));
    const events = await world.events(tenant, user.id);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect((await get(user.token)).body.first_name).toBe(events.at(-1)?.data.first_name);
  });

  test.each([
    [{ roles: ['admin'] }, 'roles'],
    [{ active: true }, 'active'],
    [{ email: 'other@example.com' }, 'email'],
    [{ password: PASSWORD }, 'password'],
    [{ id: 'usr_1' }, 'id'],
    [{ version: 7 }, 'version'],
    [{ created_at: '2020-01-01T00:00:00Z' }, 'created_at'],
    [{ first_name: null }, 'first_name'],
    [{ first_name: 'x'.repeat(101) }, 'first_name'],
    [{ preferences: { theme: 'dark' } }, 'preferences.theme'],
    [{ preferences: { language: 'klingon!' } }, 'preferences.language'],
    [{ preferences: { categories: 'fiction' } }, 'preferences.categories'],
    [
      { preferences: { categories: Array.from({ length: 51 }, (_, n) => `c${n}`) } },
      'preferences.categories',
    ],
  ])('422 %j, and nothing changes', async (body, field) => {
    const user = await world.addUser(tenant);
    const answer = await patch(user.token, body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect((await get(user.token)).body).toMatchObject({ roles: ['customer'], version: 1 });
  });

  test('401 without a token and after sign-out', async () => {
    expect((await patch(undefined, {})).status).toBe(401);
    const user = await world.addUser(tenant);
    await world.request('POST', '/api/v1/users/logout', { body: { refresh_token: user.refreshToken } });
    expect(await patch(user.token, { first_name: 'X' })).toMatchObject({
      status: 401,
      body: { code: 'token_revoked' },
    });
  });
});

describe('POST /users/password', () => {
  const NEW = 'another battery staple';
  const change = (user: SignedInUser, body: object, ip?: string) =>
    world.request('POST', '/api/v1/users/password', {
      token: user.token,
      body,
      ...(ip === undefined ? {} : { headers: { 'x-zoco-client-ip': ip } }),
    });

  test('204: the new one works, the old one does not, other sessions end and this one stays', async () => {
    const user = await world.addUser(tenant);
    const other = await world.login(tenant, user.email);
    const answer = await change(user, { current_password: PASSWORD, new_password: NEW });
    expect(answer.status).toBe(204);
    expect((await world.login(tenant, user.email)).status).toBe(401);
    expect((await world.login(tenant, user.email, NEW)).status).toBe(200);
    expect((await get(user.token)).status).toBe(200);
    const refresh = (refresh_token: string) =>
      world.request('POST', '/api/v1/users/refresh', { body: { refresh_token } });
    expect((await refresh(other.body.refresh_token)).status).toBe(401);
    expect((await refresh(user.refreshToken)).status).toBe(200);
  });

  test('403 for a wrong current password, and guesses count as at sign-in', async () => {
    const user = await world.addUser(tenant);
    for (let n = 0; n < 5; n += 1) {
      expect(await change(user, { current_password: `guess ${n}`, new_password: NEW })).toMatchObject({
        status: 403,
        body: { code: 'password_wrong' },
      });
    }
    const delayed = await change(user, { current_password: PASSWORD, new_password: NEW });
    expect(delayed).toMatchObject({ status: 429, body: { code: 'login_delayed' } });
    expect(delayed.headers.get('retry-after')).toBe('1');
    expect((await world.login(tenant, user.email)).status).toBe(429);
  });

  test('422 for a bad new password, before the current one is looked at', async () => {
    const user = await world.addUser(tenant);
    for (const new_password of ['short', 'password123', user.email]) {
      const answer = await change(user, { current_password: 'wrong', new_password });
      expect(answer).toMatchObject({ status: 422, body: { code: 'password_refused' } });
      expect(answer.body.errors[0].field).toBe('new_password');
    }
    expect((await change(user, { new_password: NEW })).status).toBe(422);
  });

  test('two changes at once: one wins, and its password is the one that works', async () => {
    const user = await world.addUser(tenant);
    const passwords = ['battery number one', 'battery number two'];
    const answers = await Promise.all(
      passwords.map((new_password) => change(user, { current_password: PASSWORD, new_password })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 403]);
    const winner = passwords[answers.findIndex(({ status }) => status === 204)] ?? '';
    expect((await world.login(tenant, user.email, winner)).status).toBe(200);
  });

  test('on two replicas at once: one wins, and its password is the one that works', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { token, email } = await world.addUser(tenant);
      const passwords = ['battery number one', 'battery number two'];
      const replicas = [world.request, world.replica()];
      const answers = await Promise.all(
        replicas.map((request, n) =>
          request('POST', '/api/v1/users/password', {
            token,
            body: { current_password: PASSWORD, new_password: passwords[n] },
          }),
        ),
      );
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      const winner = passwords[answers.findIndex(({ status }) => status === 204)] ?? '';
      expect((await world.login(tenant, email, winner)).status).toBe(200);
    }
  });

  test('401 without a token', async () => {
    expect((await world.request('POST', '/api/v1/users/password', { tenant, body: {} })).status).toBe(401);
  });
});
