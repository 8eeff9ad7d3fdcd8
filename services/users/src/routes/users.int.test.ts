import { type Id, newId, type TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createUsersWorld, PASSWORD, type SignedInUser, type UsersWorld } from '../../fixtures/world.ts';

let world: UsersWorld;
let tenant: TenantId;
let admin: SignedInUser;
beforeAll(async () => {
  world = await createUsersWorld();
});
beforeEach(async () => {
  tenant = await world.addTenant();
  admin = await world.addUser(tenant, ['admin']);
});
afterAll(() => world[Symbol.asyncDispose]());

const list = (query: string, token = admin.token) =>
  world.request('GET', `/api/v1/users?${query}`, { token });
const patch = (id: string, body: unknown, token: string | undefined = admin.token) =>
  world.request('PATCH', `/api/v1/users/${id}`, { token, body });
const remove = (id: string, token = admin.token) => world.request('DELETE', `/api/v1/users/${id}`, { token });
const emailsOf = ({ body }: Awaited<ReturnType<typeof list>>) =>
  body.data.map(({ email }: { email: string }) => email);

/** The one who came with the tenant, so that the other admin is the last. */
async function removeRoot() {
  const { body } = await list('search=root@');
  await world.db.transact(
    tenant,
    (tx) => tx.sql`update users set deleted_at = now() where id = ${body.data[0].id}`,
  );
}

describe('GET /users', () => {
  test('200 finds by part of address or name, by role and by state', async () => {
    const [ana, eva] = [
      await world.addUser(tenant, ['customer'], `ana.${newId('user').slice(-8)}@example.com`),
      await world.addUser(tenant, ['staff'], `eva.${newId('user').slice(-8)}@example.com`),
    ];
    await patch(eva.id, { last_name: 'Núñez', active: false });
    expect(emailsOf(await list('search=ANA.'))).toEqual([ana.email]);
    expect(emailsOf(await list(`search=${encodeURIComponent('ana NÚÑ')}`))).toEqual([eva.email]);
    expect(emailsOf(await list('role=staff'))).toEqual([eva.email]);
    expect(emailsOf(await list('active=false'))).toEqual([eva.email]);
    expect(emailsOf(await list('search=%25'))).toEqual([]);
    expect(emailsOf(await list('search=_'))).toEqual([]);
  });

  test('pages hold every user once, and nobody of another tenant', async () => {
    const users = await Promise.all(Array.from({ length: 7 }, () => world.addUser(tenant)));
    await world.addUser(await world.addTenant());
    const found: string[] = [];
    let cursor = '';
    do {
      const page = await list(`limit=2${cursor && `&cursor=${cursor}`}`);
      found.push(...emailsOf(page));
      cursor = page.body.next_cursor ?? '';
    } while (cursor !== '');
    expect(found.toSorted()).toEqual(
      [...users, admin]
        .map(({ email }) => email)
        .concat(`root@${tenant}.example`)
        .toSorted(),
    );
  });

  test('a cursor belongs to its filters', async () => {
    await world.addUser(tenant);
    const { body } = await list('limit=1');
    expect(await list(`limit=1&search=a&cursor=${body.next_cursor}`)).toMatchObject({
      status: 422,
      body: { code: 'cursor_invalid' },
    });
  });

  test('401 without a token, 403 for customers and staff, 422 for an unknown filter', async () => {
    expect((await world.request('GET', '/api/v1/users', { tenant })).status).toBe(401);
    for (const role of ['customer', 'staff'] as const) {
      const { token } = await world.addUser(tenant, [role]);
      expect(await list('', token)).toMatchObject({ status: 403, body: { code: 'role_missing' } });
    }
    for (const query of ['role=king', 'active=maybe', 'password_hash=x', 'search=']) {
      expect((await list(query)).status).toBe(422);
    }
  });
});

describe('GET /users/{id}', () => {
  const get = (id: string, token = admin.token) => world.request('GET', `/api/v1/users/${id}`, { token });

  test('200, and never the password hash', async () => {
    const user = await world.addUser(tenant);
    const answer = await get(user.id);
    expect(answer).toMatchObject({ status: 200, body: { id: user.id, email: user.email } });
    expect(JSON.stringify(answer.body)).not.toMatch(/argon2|hash/);
  });

  test('404 alike for a user of another tenant, a deleted one, one that never was and what is no id', async () => {
    const foreign = await world.addUser(await world.addTenant());
    const deleted = await world.addUser(tenant);
    await remove(deleted.id);
    const answers = await Promise.all(
      [foreign.id, deleted.id, newId('user'), 'x', '%27'].map((id) => get(id)),
    );
    for (const { status, body } of answers) {
      expect([status, body.code, body.detail]).toEqual([404, 'user_not_found', 'There is no such user.']);
    }
  });

  test('403 for staff', async () => {
    const { token, id } = await world.addUser(tenant, ['staff']);
    expect((await get(id, token)).status).toBe(403);
  });
});

describe('PATCH /users/{id}', () => {
  test('200 gives roles, once each and in order; the next token has them, and the change is recorded', async () => {
    const user = await world.addUser(tenant);
    expect(await patch(user.id, { roles: ['staff', 'customer', 'staff'] })).toMatchObject({
      status: 200,
      body: { roles: ['customer', 'staff'], version: 2 },
    });
    expect((await world.login(tenant, user.email)).body.user.roles).toEqual(['customer', 'staff']);
    expect((await world.events(tenant, user.id)).at(-1)).toMatchObject({
      type: 'user.updated',
      version: 2,
      data: { roles: ['customer', 'staff'] },
    });
  });

  test('one who is made inactive is signed out everywhere, and comes back when he is active again', async () => {
    const user = await world.addUser(tenant);
    await patch(user.id, { active: false });
    const refresh = (refresh_token: string) =>
      world.request('POST', '/api/v1/users/refresh', { body: { refresh_token } });
    expect((await refresh(user.refreshToken)).status).toBe(401);
    await patch(user.id, { active: true });
    expect((await refresh(user.refreshToken)).status).toBe(401);
    expect((await world.login(tenant, user.email)).status).toBe(200);
  });

  test('403 for a role above one’s own, and for the platform’s role in a shop', async () => {
    const user = await world.addUser(tenant);
    for (const roles of [['platform'], ['admin', 'platform']]) {
      expect(await patch(user.id, { roles })).toMatchObject({
        status: 403,
        body: { code: 'role_above_own' },
      });
      expect(await patch(admin.id, { roles })).toMatchObject({
        status: 403,
        body: { code: 'role_above_own' },
      });
    }
    const stored = world.db.transact(
      tenant,
      (tx) => tx.sql`update users set roles = '{platform}' where id = ${user.id}`,
    );
    await expect(stored).rejects.toThrow(/users_platform/);
  });

  test('409 for the last administrator, however he would cease to be one', async () => {
    await removeRoot();
    for (const body of [{ roles: ['staff'] }, { active: false }, { roles: ['customer'], active: false }]) {
      expect(await patch(admin.id, body)).toMatchObject({ status: 409, body: { code: 'admin_last' } });
    }
    expect(await remove(admin.id)).toMatchObject({ status: 409, body: { code: 'admin_last' } });
    expect((await patch(admin.id, { first_name: 'Eva' })).status).toBe(200);
  });

  test('an inactive administrator does not count as one who remains', async () => {
    await removeRoot();
    const other = await world.addUser(tenant, ['admin']);
    await patch(other.id, { active: false });
    expect(await patch(admin.id, { roles: ['staff'] })).toMatchObject({ status: 409 });
  });

  test('two administrators who remove each other at once: one stays', async () => {
    for (let round = 0; round < 5; round += 1) {
      tenant = await world.addTenant();
      const [one, two] = [await world.addUser(tenant, ['admin']), await world.addUser(tenant, ['admin'])];
      admin = one;
      await removeRoot();
      const answers = await Promise.all([
        patch(two.id, { roles: ['customer'] }, one.token),
        remove(one.id, two.token),
      ]);
      const [row] = await world.db.read(
        tenant,
        (tx) => tx.sql<{ admins: number }[]>`
          select count(*)::int as admins from users where 'admin' = any(roles) and active and deleted_at is null`,
      );
      expect(row?.admins).toBe(1);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
    }
  });

  test('an administrator who has lost his role since his token was made can no longer give roles', async () => {
    const other = await world.addUser(tenant, ['admin']);
    await patch(other.id, { roles: ['customer'] });
    const user = await world.addUser(tenant);
    expect(await patch(user.id, { roles: ['admin'] }, other.token)).toMatchObject({
      status: 403,
      body: { code: 'role_lost' },
    });
    await patch(other.id, { active: false });
    expect(await patch(user.id, { roles: ['admin'] }, other.token)).toMatchObject({
      status: 401,
      body: { code: 'token_revoked' },
    });
  });

  test.each([
    [{ roles: [] }, 'roles'],
    [{ roles: ['king'] }, 'roles.0'],
    [{ roles: 'admin' }, 'roles'],
    [{ active: 'yes' }, 'active'],
    [{ email: 'x@example.com' }, 'email'],
    [{ password_hash: 'x' }, 'password_hash'],
    [{ tenant_id: 'other', id: 'usr_1' }, 'id'],
    [{ version: 3 }, 'version'],
  ])('422 %j', async (body, field) => {
    const user = await world.addUser(tenant);
    const answer = await patch(user.id, { ...body, ...('tenant_id' in body ? { tenant_id: tenant } : {}) });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test('401, 403 and 404 as everywhere', async () => {
    const foreign = await world.addUser(await world.addTenant());
    const staff = await world.addUser(tenant, ['staff']);
    expect((await world.request('PATCH', `/api/v1/users/${staff.id}`, { body: {}, tenant })).status).toBe(
      401,
    );
    expect((await patch(staff.id, { roles: ['admin'] }, staff.token)).status).toBe(403);
    expect((await patch(foreign.id, { roles: ['staff'] })).status).toBe(404);
    expect((await patch(newId('user'), { roles: ['staff'] })).status).toBe(404);
  });
});

describe('DELETE /users/{id}', () => {
  test('204: gone for everybody, recorded once, and the address is free again', async () => {
    const user = await world.addUser(tenant);
    expect((await remove(user.id)).status).toBe(204);
    expect((await remove(user.id)).status).toBe(404);
    expect((await world.login(tenant, user.email)).status).toBe(401);
    expect(emailsOf(await list(`search=${user.email}`))).toEqual([]);
    expect(
      (await world.events(tenant, user.id)).map(({ type, version, data }) => [type, version, data]),
    ).toContainEqual(['user.deleted', 2, { user_id: user.id }]);
    const again = await world.request('POST', '/api/v1/users/register', {
      tenant,
      body: { email: user.email, password: PASSWORD, first_name: 'Ana', last_name: 'Dos' },
    });
    expect(again.status).toBe(201);
    expect(again.body.user.id).not.toBe(user.id);
  });

  test('the row stays, without the password, and no session of it lives', async () => {
    const user = await world.addUser(tenant);
    await remove(user.id);
    const sessions = await world.db.read(
      tenant,
      (tx) => tx.sql`select 1 from sessions where user_id = ${user.id} and revoked_at is null`,
    );
    expect(sessions).toHaveLength(0);
    const id = user.id as Id<'user'>;
    const [row] = await world.db.read(
      tenant,
      (tx) =>
        tx.sql`select password_hash, active, deleted_at is not null as deleted from users where id = ${id}`,
    );
    expect(row).toEqual({ password_hash: '', active: false, deleted: true });
  });

  test('403 for staff, 404 for a foreign user, 401 without a token', async () => {
    const staff = await world.addUser(tenant, ['staff']);
    const foreign = await world.addUser(await world.addTenant());
    expect((await remove(staff.id, staff.token)).status).toBe(403);
    expect((await remove(foreign.id)).status).toBe(404);
    expect((await world.request('DELETE', `/api/v1/users/${staff.id}`, { tenant })).status).toBe(401);
    expect((await world.login(foreign.tenantId, foreign.email)).status).toBe(200);
  });
});
