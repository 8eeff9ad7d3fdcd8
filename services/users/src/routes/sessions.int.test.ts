import { newId, type TenantId } from '@zoco/kernel';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, PASSWORD, type UsersWorld } from '../../fixtures/world.ts';

let world: UsersWorld;
let tenant: TenantId;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
});
afterAll(() => world[Symbol.asyncDispose]());

const newEmail = () => `${newId('user').slice(-16)}@example.com`;
const registration = (overrides: object = {}) => ({
  email: newEmail(),
  password: PASSWORD,
  first_name: 'Ana',
  last_name: 'García',
  ...overrides,
});
const register = (body: object, headers: Record<string, string> = {}) =>
  world.request('POST', '/api/v1/users/register', { tenant, body, headers });
const refresh = (refresh_token: unknown, headers: Record<string, string> = {}) =>
  world.request('POST', '/api/v1/users/refresh', { body: { refresh_token }, headers });
const profile = (token: string) => world.request('GET', '/api/v1/users/profile', { token });

describe('POST /users/register', () => {
  test('201 with the user, a session, and one event', async () => {
    const body = registration({ email: '  JOSE\u0301.García@Example.com ' });
    const answer = await register(body);
    expect(answer).toMatchObject({
      status: 201,
      body: {
        token_type: 'Bearer',
        expires_in: 900,
        user: {
          tenant_id: tenant,
          email: 'josé.garcía@example.com',
          first_name: 'Ana',
          roles: ['customer'],
          active: true,
          preferences: { categories: [], language: null },
          version: 1,
        },
      },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body.refresh_token).toMatch(new RegExp(String.raw`^zrt_${tenant}\.[\w-]{43}$`));
    expect(JSON.stringify(answer.body)).not.toMatch(/argon2|password/);
    const { id } = answer.body.user;
    expect(await world.events(tenant, id)).toEqual([
      {
        type: 'user.registered',
        version: 1,
        data: {
          user_id: id,
          email: 'josé.garcía@example.com',
          first_name: 'Ana',
          last_name: 'García',
          roles: ['customer'],
          active: true,
        },
      },
    ]);
  });

  test('the access token is what other services expect', async () => {
    const { body } = await register(registration());
    const { kid, ...header } = decodeProtectedHeader(body.access_token);
    expect(header).toEqual({ alg: 'EdDSA', typ: 'at+jwt' });
    expect(world.deps.keys.jwks().keys.map((key) => key.kid)).toContain(kid);
    const { exp = 0, iat = 0, jti, ...claims } = decodeJwt(body.access_token);
    expect(claims).toEqual({
      iss: 'zoco-users',
      aud: 'zoco',
      sub: body.user.id,
      tid: tenant,
      roles: ['customer'],
    });
    expect(exp - iat).toBe(900);
    expect(jti).toMatch(/^ses_.{26}\.1$/);
  });

  test('409 for an address that is taken, in any spelling; in another tenant it is free', async () => {
    const body = registration();
    await register(body);
    const again = await register({ ...body, email: body.email.toUpperCase() });
    expect(again).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    const other = await world.addTenant();
    const elsewhere = await world.request('POST', '/api/v1/users/register', { tenant: other, body });
    expect(elsewhere.status).toBe(201);
  });

  test('two at once with one address: one account', async () => {
    const body = registration();
    const answers = await Promise.all([register(body), register(body), register(body)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
    const rows = await world.db.read(
      tenant,
      (tx) => tx.sql`select id from users where email = ${body.email}`,
    );
    expect(rows).toHaveLength(1);
  });

  test.each([
    ['roles', { roles: ['admin'] }, 'roles'],
    ['id', { id: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m' }, 'id'],
    ['active', { active: true }, 'active'],
    ['version', { version: 9 }, 'version'],
    ['preferences', { preferences: {} }, 'preferences'],
    ['no e-mail address', { email: 'ana' }, 'email'],
    ['an e-mail address of 300 characters', { email: `${'a'.repeat(300)}@example.com` }, 'email'],
    ['a number for a name', { first_name: 7 }, 'first_name'],
    ['an empty name', { last_name: '  ' }, 'last_name'],
    ['a name of two lines', { last_name: 'a\nb' }, 'last_name'],
    ['a short password', { password: 'abc1234' }, 'password'],
    ['a common password', { password: 'Password1' }, 'password'],
    ['a password of 129 characters', { password: `${'x'.repeat(128)}y` }, 'password'],
    [
      'a password that is the address',
      { email: 'long-enough@example.com', password: 'LONG-enough' },
      'password',
    ],
  ])('422 names the field: %s', async (_name, change, field) => {
    const body = registration(change);
    const answer = await register(body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    const rows = await world.db.read(tenant, (tx) => tx.sql`select 1 from users where email = ${body.email}`);
    expect(rows).toHaveLength(0);
  });

  test('long and foreign passwords are whole: nothing is cut off', async () => {
    for (const password of ['ñ🐎'.repeat(64), 'x'.repeat(127) + 'y']) {
      const body = registration({ password });
      expect((await register(body)).status).toBe(201);
      expect((await world.login(tenant, body.email, password)).status).toBe(200);
      expect(
        (await world.login(tenant, body.email, `${Array.from(password).slice(0, -1).join('')}z`)).status,
      ).toBe(401);
    }
  });

  test('404 for a tenant that does not exist, 400 without one; the body may name it', async () => {
    const body = registration();
    const path = '/api/v1/users/register';
    expect(await world.request('POST', path, { tenant: 'nobody', body })).toMatchObject({
      status: 404,
      body: { code: 'tenant_not_found' },
    });
    expect(await world.request('POST', path, { body })).toMatchObject({
      status: 400,
      body: { code: 'tenant_missing' },
    });
    expect((await world.request('POST', path, { body: { ...body, tenant_id: tenant } })).status).toBe(201);
  });
});

describe('POST /users/login', () => {
  test('200 with a new session, whatever the spelling of the address', async () => {
    const user = await world.addUser(tenant);
    const answer = await world.login(tenant, ` ${user.email.toUpperCase()}`);
    expect(answer).toMatchObject({ status: 200, body: { user: { id: user.id }, expires_in: 900 } });
    expect(answer.body.refresh_token).not.toBe(user.refreshToken);
  });

  test('the same 401 for a wrong password, an unknown address, a deleted user and one of another tenant', async () => {
    const [user, deleted] = [await world.addUser(tenant), await world.addUser(tenant)];
    const admin = await world.addUser(tenant, ['admin']);
    await world.request('DELETE', `/api/v1/users/${deleted.id}`, { token: admin.token });
    const foreign = await world.addUser(await world.addTenant());
    const answers = await Promise.all([
      world.login(tenant, user.email, 'not the password'),
      world.login(tenant, newEmail()),
      world.login(tenant, deleted.email),
      world.login(tenant, foreign.email),
    ]);
    for (const { status, body } of answers) {
      const { trace_id: _trace, ...rest } = body;
      expect([status, rest]).toEqual([
        401,
        {
          type: 'urn:zoco:problem:credentials_invalid',
          title: 'Unauthorized',
          status: 401,
          code: 'credentials_invalid',
          detail: 'E-mail address or password is wrong.',
          instance: '/api/v1/users/login',
        },
      ]);
    }
  });

  test('403 for one who is not active, but only if he knows the password', async () => {
    const [user, admin] = [await world.addUser(tenant), await world.addUser(tenant, ['admin'])];
    await world.request('PATCH', `/api/v1/users/${user.id}`, { token: admin.token, body: { active: false } });
    expect(await world.login(tenant, user.email)).toMatchObject({
      status: 403,
      body: { code: 'user_inactive' },
    });
    expect(await world.login(tenant, user.email, 'wrong')).toMatchObject({
      status: 401,
      body: { code: 'credentials_invalid' },
    });
  });

  test('two tenants with the same address are two accounts with two passwords', async () => {
    const other = await world.addTenant();
    const email = newEmail();
    const [here, there] = [
      await world.addUser(tenant, ['customer'], email),
      await world.addUser(other, ['customer'], email),
    ];
    expect(here.id).not.toBe(there.id);
    await world.request('POST', '/api/v1/users/password', {
      token: here.token,
      body: { current_password: PASSWORD, new_password: 'another battery staple' },
    });
    expect((await world.login(other, email)).status).toBe(200);
    expect((await world.login(tenant, email)).status).toBe(401);
  });

  test.each([
    [{ email: 'ana@example.com' }, 'password'],
    [{ password: PASSWORD }, 'email'],
    [{ email: 'ana@example.com', password: PASSWORD, admin: true }, 'admin'],
    [{ email: ['ana@example.com'], password: PASSWORD }, 'email'],
    [{ email: 'ana@example.com', password: { $ne: '' } }, 'password'],
    [{ email: 'ana@example.com', password: 'x'.repeat(129) }, 'password'],
  ])('422 %j', async (body, field) => {
    const answer = await world.request('POST', '/api/v1/users/login', { tenant, body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });
});

describe('POST /users/refresh', () => {
  const expire = (sessionId: string, seconds: number) =>
    world.db.transact(
      tenant,
      (tx) => tx.sql`
      update refresh_tokens set rotated_at = rotated_at - make_interval(secs => ${seconds}) where session_id = ${sessionId}`,
    );
  const sessionOf = (token: string) => decodeJwt(token).jti?.split('.')[0] ?? '';

  test('200 with a new pair that works, of the same session', async () => {
    const user = await world.addUser(tenant);
    const answer = await refresh(user.refreshToken);
    expect(answer).toMatchObject({
      status: 200,
      body: { user: { id: user.id }, token_type: 'Bearer', expires_in: 900 },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(decodeJwt(answer.body.access_token).jti).toBe(`${sessionOf(user.token)}.2`);
    expect((await profile(answer.body.access_token)).status).toBe(200);
    expect((await refresh(answer.body.refresh_token)).status).toBe(200);
  });

  test('the same token again, a moment later: the very same pair, once; then the session ends', async () => {
    const user = await world.addUser(tenant);
    const [first, second] = [await refresh(user.refreshToken), await refresh(user.refreshToken)];
    const pairOf = ({ body }: typeof first) => [body.access_token, body.refresh_token];
    expect(second.status).toBe(200);
    expect(pairOf(second)).toEqual(pairOf(first));
    expect(second.body.expires_in).toBeLessThanOrEqual(first.body.expires_in);
    expect(await refresh(user.refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_reused' },
    });
    expect(await refresh(first.body.refresh_token)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_invalid' },
    });
    expect(await profile(first.body.access_token)).toMatchObject({
      status: 401,
      body: { code: 'token_revoked' },
    });
  });

  test('two at once: both get one pair, and it works', async () => {
    const user = await world.addUser(tenant);
    const answers = await Promise.all([refresh(user.refreshToken), refresh(user.refreshToken)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect((await refresh(answers[0]?.body.refresh_token)).status).toBe(200);
  });

  test('ten at once: never two different successors, and the session of a token in ten hands ends', async () => {
    const user = await world.addUser(tenant);
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(user.refreshToken)));
    const given = answers.filter(({ status }) => status === 200);
    expect(given).toHaveLength(2);
    expect(new Set(given.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect((await refresh(given[0]?.body.refresh_token)).status).toBe(401);
  });

  test('a stolen old token, after ten seconds: the whole family ends, on both sides', async () => {
    const user = await world.addUser(tenant);
    const mine = await refresh(user.refreshToken);
    await expire(sessionOf(user.token), 11);
    expect(await refresh(user.refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_reused' },
    });
    expect((await refresh(mine.body.refresh_token)).status).toBe(401);
    expect((await world.login(tenant, user.email)).status).toBe(200);
  });

  test('within the grace, but after the successor was used: also the end', async () => {
    const user = await world.addUser(tenant);
    const mine = await refresh(user.refreshToken);
    await refresh(mine.body.refresh_token);
    expect(await refresh(user.refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_reused' },
    });
  });

  test('another session of the same user lives on', async () => {
    const user = await world.addUser(tenant);
    const other = await world.login(tenant, user.email);
    for (let n = 0; n < 3; n += 1) await refresh(user.refreshToken);
    expect((await refresh(other.body.refresh_token)).status).toBe(200);
  });

  test('new roles are in the next access token', async () => {
    const user = await world.addUser(tenant);
    await world.db.transact(tenant, (tx) => tx.sql`update users set roles = '{staff}' where id = ${user.id}`);
    const { body } = await refresh(user.refreshToken);
    expect([decodeJwt(body.access_token)['roles'], body.user.roles]).toEqual([['staff'], ['staff']]);
  });

  test('401 when the token or the session has expired, and the session never outlives its days', async () => {
    const [idle, old] = [await world.addUser(tenant), await world.addUser(tenant)];
    await world.db.transact(tenant, async (tx) => {
      await tx.sql`update refresh_tokens set expires_at = now() where session_id = ${sessionOf(idle.token)}`;
      await tx.sql`update sessions set expires_at = now() + interval '1 day' where id = ${sessionOf(old.token)}`;
    });
    expect(await refresh(idle.refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_invalid' },
    });
    await refresh(old.refreshToken);
    const [row] = await world.db.read(
      tenant,
      (tx) => tx.sql`
      select t.expires_at = s.expires_at as capped from refresh_tokens t join sessions s on s.id = t.session_id
      where s.id = ${sessionOf(old.token)} and t.generation = 2`,
    );
    expect(row).toEqual({ capped: true });
  });

  test('401 for a user who was deleted or made inactive', async () => {
    const admin = await world.addUser(tenant, ['admin']);
    const [gone, off] = [await world.addUser(tenant), await world.addUser(tenant)];
    await world.request('DELETE', `/api/v1/users/${gone.id}`, { token: admin.token });
    await world.db.transact(tenant, (tx) => tx.sql`update users set active = false where id = ${off.id}`);
    for (const user of [gone, off]) {
      expect(await refresh(user.refreshToken)).toMatchObject({
        status: 401,
        body: { code: 'refresh_token_invalid' },
      });
    }
  });

  test('401 for tokens that nobody gave, and for one that was moved to another tenant', async () => {
    const user = await world.addUser(tenant);
    const other = await world.addTenant();
    const tokens = [
      `zrt_${tenant}.${'a'.repeat(43)}`,
      `zrt_nobody.${'a'.repeat(43)}`,
      `zrt_${other}.${user.refreshToken.split('.')[1]}`,
      user.token.slice(0, 200),
      'x',
    ];
    for (const token of tokens) {
      expect(await refresh(token)).toMatchObject({ status: 401, body: { code: 'refresh_token_invalid' } });
    }
    expect((await refresh(user.refreshToken)).status).toBe(200);
  });

  test('403 when the request names another tenant, 422 for no token', async () => {
    const user = await world.addUser(tenant);
    const answer = await refresh(user.refreshToken, { 'x-tenant': await world.addTenant() });
    expect(answer).toMatchObject({ status: 403, body: { code: 'tenant_mismatch' } });
    expect((await refresh(user.refreshToken, { 'x-tenant': tenant })).status).toBe(200);
    expect(await refresh(undefined)).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
    expect(await refresh(7)).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
  });

  test('the database holds neither the token nor anything that opens it', async () => {
    const user = await world.addUser(tenant);
    const { body } = await refresh(user.refreshToken);
    const rows = await world.db.read(tenant, (tx) => tx.sql`select * from refresh_tokens`);
    const stored = JSON.stringify(rows);
    for (const secret of [user.refreshToken, body.refresh_token, body.access_token]) {
      expect(stored).not.toContain(secret.slice(-43));
    }
  });
});

describe('POST /users/logout', () => {
  const logout = (refresh_token: string) =>
    world.request('POST', '/api/v1/users/logout', { body: { refresh_token } });

  test('204 ends the session at once, here for the access token too, and leaves other sessions alone', async () => {
    const user = await world.addUser(tenant);
    const other = await world.login(tenant, user.email);
    expect((await logout(user.refreshToken)).status).toBe(204);
    expect((await refresh(user.refreshToken)).status).toBe(401);
    expect(await profile(user.token)).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
    expect((await profile(other.body.access_token)).status).toBe(200);
  });

  test('an older token of the session ends it as well', async () => {
    const user = await world.addUser(tenant);
    const { body } = await refresh(user.refreshToken);
    await logout(user.refreshToken);
    expect((await refresh(body.refresh_token)).status).toBe(401);
  });

  test.each(['x', `zrt_nobody.${'a'.repeat(43)}`])(
    '204 for %s, of which there is nothing to end',
    async (token) => {
      expect((await logout(token)).status).toBe(204);
    },
  );

  test('422 without a token', async () => {
    expect((await world.request('POST', '/api/v1/users/logout', { body: {} })).status).toBe(422);
  });
});

describe('GET /users/validate', () => {
  const validate = (token?: string) => world.request('GET', '/api/v1/users/validate', { token });

  test('200 says whose token it is', async () => {
    const user = await world.addUser(tenant);
    expect(await validate(user.token)).toMatchObject({
      status: 200,
      body: { valid: true, tenant_id: tenant, user: { id: user.id, email: user.email } },
    });
  });

  test('401 without a token, after sign-out, and for a user who is gone or not active', async () => {
    expect(await validate()).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    const [gone, off] = [await world.addUser(tenant), await world.addUser(tenant)];
    const admin = await world.addUser(tenant, ['admin']);
    await world.request('DELETE', `/api/v1/users/${gone.id}`, { token: admin.token });
    await world.request('PATCH', `/api/v1/users/${off.id}`, { token: admin.token, body: { active: false } });
    const half = await world.addUser(tenant);
    await world.db.transact(tenant, (tx) => tx.sql`update users set active = false where id = ${half.id}`);
    for (const user of [gone, off, half]) {
      expect(await validate(user.token)).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
    }
  });
});
