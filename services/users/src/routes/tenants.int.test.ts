import { randomBytes } from 'node:crypto';
import { exampleTenant, tenantSettings } from '@zoco/contracts';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, PASSWORD, type SignedInUser, type UsersWorld } from '../../fixtures/world.ts';
import { createPlatformAdmin } from '../actions/create-platform-admin.ts';
import { PLATFORM_TENANT } from '../rules/roles.ts';
import { isTimeZone } from '../rules/tenant-settings.ts';

const PATH = '/api/v1/tenants';
const PLATFORM_EMAIL = 'platform@zoco.example';
let world: UsersWorld;
let platform: string;
beforeAll(async () => {
  world = await createUsersWorld();
  await createPlatformAdmin(world.deps, { email: PLATFORM_EMAIL, password: PASSWORD });
  platform = (await world.login(PLATFORM_TENANT, PLATFORM_EMAIL)).body.access_token;
});
afterAll(() => world[Symbol.asyncDispose]());

const newSlug = () => `t-${randomBytes(6).toString('hex')}`;
const input = (overrides: Record<string, unknown> = {}) => {
  const id = newSlug();
  return {
    id,
    name: `Shop ${id}`,
    currency: 'EUR',
    locale: 'es-ES',
    admin: { email: `admin@${id}.example`, password: PASSWORD },
    ...overrides,
  };
};
const bankAccount = (overrides: Record<string, unknown> = {}) => ({
  holder: 'Libros del Zoco S.L.',
  account_number: 'es91 2100 0418 4502 0005 1332',
  ...overrides,
});
const create = (body: unknown, token: string | undefined = platform) =>
  world.request('POST', PATH, { token, body });
const patch = (id: string, body: unknown, token: string | undefined = platform) =>
  world.request('PATCH', `${PATH}/${id}`, { token, body });
const get = (id: string, token: string | undefined = platform) =>
  world.request('GET', `${PATH}/${id}`, { token });
const adminOf = async (id: string): Promise<SignedInUser> => {
  const { body } = await world.login(PLATFORM_TENANT, PLATFORM_EMAIL);
  expect(body.user.roles).toEqual(['platform']);
  const tenant = tenantSettings.shape.id.parse(id);
  const signedIn = await world.login(tenant, `admin@${id}.example`);
  return {
    id: signedIn.body.user.id,
    email: `admin@${id}.example`,
    tenantId: tenant,
    token: signedIn.body.access_token,
    refreshToken: signedIn.body.refresh_token,
  };
};

describe('POST /tenants', () => {
  test('201: defaults for the rest, an administrator who can sign in, and both recorded', async () => {
    const body = input();
    const answer = await create(body);
    expect(answer.status).toBe(201);
    expect(tenantSettings.parse(answer.body)).toMatchObject({
      id: body.id,
      name: body.name,
      active: true,
      time_zone: 'UTC',
      cancel_window_minutes: 10,
      reservation_minutes: 15,
      rate_limits: { checkout: { requests: 20, window_seconds: 60 } },
      hostnames: [],
      version: 1,
    });
    const admin = await adminOf(body.id);
    expect(decodeJwt(admin.token)['roles']).toEqual(['admin']);
    expect(await world.events(admin.tenantId, body.id)).toEqual([
      { type: 'tenant.updated', version: 1, data: answer.body },
    ]);
    expect((await world.events(admin.tenantId, admin.id)).map(({ type }) => type)).toEqual([
      'user.registered',
    ]);
  });

  test('201 with everything given', async () => {
    const { id: _id, version: _version, active: _active, ...settings } = tenantSettings.parse(exampleTenant);
    const hostnames = [`${newSlug()}.example`, `a-${newSlug()}.example`];
    const answer = await create(input({ ...settings, hostnames }));
    expect(answer).toMatchObject({ status: 201, body: { ...settings, hostnames: hostnames.toSorted() } });
  });

  test('both or neither: with a password that is refused there is no tenant', async () => {
    const body = input();
    const refused = await create({ ...body, admin: { email: 'a@b.example', password: 'password1' } });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ field: 'admin.password' }] } });
    expect((await get(body.id)).status).toBe(404);
    expect((await create(body)).status).toBe(201);
  });

  test('409 for an id that is taken, the platform’s too, and for a host name of another; nothing is left', async () => {
    const hostname = `${newSlug()}.example`;
    const first = input({ hostnames: [hostname] });
    const answers = await Promise.all([create(first), create(first)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect(await create({ ...input(), id: 'zoco' })).toMatchObject({
      status: 409,
      body: { code: 'tenant_taken' },
    });
    const second = input({ hostnames: [hostname] });
    expect(await create(second)).toMatchObject({ status: 409, body: { code: 'hostname_taken' } });
    expect((await get(second.id)).status).toBe(404);
  });

  test.each([
    [{ id: 'A' }, 'id'],
    [{ id: 'x'.repeat(32) }, 'id'],
    [{ id: 'a.b' }, 'id'],
    [{ currency: 'EURO' }, 'currency'],
    [{ currency: 'XXQ' }, 'currency'],
    [{ locale: 'de-DE' }, 'locale'],
    [{ time_zone: 'Mars/Olympus' }, 'time_zone'],
    [{ time_zone: 'AET' }, 'time_zone'],
    [{ tax_rate_bps: 10_001 }, 'tax_rate_bps'],
    [{ shipping_cents: -1 }, 'shipping_cents'],
    [{ reservation_minutes: 0 }, 'reservation_minutes'],
    [{ rate_limits: { user: { requests: 1, window_seconds: 1 } } }, 'rate_limits.tenant'],
    [{ cors_origins: ['*'] }, 'cors_origins.0'],
    [{ hostnames: ['Not A Host'] }, 'hostnames.0'],
    [{ legal_address: { line1: 'x' } }, 'legal_address.city'],
    [{ legal_address: { line1: 'x', city: 'x', postal_code: 'x', country: 'UK' } }, 'legal_address.country'],
    [{ bank_account: { account_number: 'ES9121000418450200051332' } }, 'bank_account.holder'],
    [
      { bank_account: bankAccount({ account_number: 'ES9121000418450200051333' }) },
      'bank_account.account_number',
    ],
    [{ bank_account: bankAccount({ account_number: '4242 4242 4242 4242' }) }, 'bank_account.account_number'],
    [{ bank_account: bankAccount({ account_number: '1'.repeat(100) }) }, 'bank_account.account_number'],
    [{ bank_account: bankAccount({ bic: 'ZOCO' }) }, 'bank_account.bic'],
    [{ bank_account: bankAccount({ bank_name: 'two\nlines' }) }, 'bank_account.bank_name'],
    [{ bank_account: bankAccount({ swift: 'ZOCOESM0' }) }, 'bank_account.swift'],
    [{ bank_account: 'ES9121000418450200051332' }, 'bank_account'],
    [{ admin: { email: 'x', password: PASSWORD } }, 'admin.email'],
    [{ admin: { email: 'a@b.example', password: PASSWORD, roles: ['platform'] } }, 'admin.roles'],
    [{ admin: undefined }, 'admin'],
    [{ version: 5 }, 'version'],
    [{ plan: 'gold' }, 'plan'],
  ])('422 %j', async (change, field) => {
    const answer = await create(input(change));
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test('401 without a token, 403 for the administrator of a tenant', async () => {
    const tenant = await world.addTenant();
    const { token } = await world.addUser(tenant, ['admin']);
    expect((await world.request('POST', PATH, { tenant, body: input() })).status).toBe(401);
    expect(await create(input(), token)).toMatchObject({ status: 403, body: { code: 'role_missing' } });
  });
});

describe('GET /tenants', () => {
  test('the platform walks over all of them, each once, and finds one by name', async () => {
    const body = input({ name: 'Ultramarinos 100%' });
    await create(body);
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await world.request('GET', `${PATH}?limit=5${cursor && `&cursor=${cursor}`}`, {
        token: platform,
      });
      found.push(...page.body.data.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor;
    }
    expect(found).toContain(body.id);
    expect(found).toContain('zoco');
    expect(found).toEqual([...new Set(found)].toSorted());
    const search = await world.request('GET', `${PATH}?search=100%25`, { token: platform });
    expect(search.body.data.map(({ id }: { id: string }) => id)).toEqual([body.id]);
  });

  test('403 for administrators of a tenant, 401 without a token', async () => {
    const tenant = await world.addTenant();
    const { token } = await world.addUser(tenant, ['admin']);
    expect((await world.request('GET', PATH, { token })).status).toBe(403);
    expect((await world.request('GET', PATH, { tenant })).status).toBe(401);
  });
});

describe('GET /tenants/{id}', () => {
  test('an administrator sees his own; another tenant is like one that never was', async () => {
    const [mine, other] = [await world.addTenant(), await world.addTenant()];
    const { token } = await world.addUser(mine, ['admin']);
    expect(await get(mine, token)).toMatchObject({ status: 200, body: { id: mine } });
    for (const id of [other, 'nobody', 'NOT-A-SLUG']) {
      expect(await get(id, token)).toMatchObject({ status: 404, body: { code: 'tenant_not_found' } });
    }
    expect((await get(other)).status).toBe(200);
    expect((await get('nobody')).status).toBe(404);
  });

  test('403 for staff', async () => {
    const tenant = await world.addTenant();
    const { token } = await world.addUser(tenant, ['staff']);
    expect((await get(tenant, token)).status).toBe(403);
  });
});

describe('PATCH /tenants/{id}', () => {
  test('200 raises the version and records everything, for the platform', async () => {
    const { body } = await create(input());
    const answer = await patch(body.id, { shipping_cents: 500, rate_limits: body.rate_limits, active: true });
    expect(answer).toMatchObject({ status: 200, body: { ...body, shipping_cents: 500, version: 2 } });
    const id = tenantSettings.shape.id.parse(body.id);
    expect((await world.events(id, id)).at(-1)).toEqual({
      type: 'tenant.updated',
      version: 2,
      data: answer.body,
    });
  });

  test('what changes nothing raises nothing, whatever the order of a list', async () => {
    const hostnames = [`b-${newSlug()}.example`, `a-${newSlug()}.example`];
    const { body } = await create(
      input({ hostnames, cors_origins: ['https://b.example', 'https://a.example'] }),
    );
    const same = { hostnames, cors_origins: ['https://a.example', 'https://b.example'], name: body.name };
    expect(await patch(body.id, same)).toMatchObject({ status: 200, body: { version: 1 } });
    expect(await world.events(tenantSettings.shape.id.parse(body.id), body.id)).toHaveLength(1);
  });

  test('an administrator changes his own settings, but none of the platform’s', async () => {
    const { body } = await create(input());
    const { token } = await adminOf(body.id);
    expect(await patch(body.id, { name: 'Mine', cancel_window_minutes: 30 }, token)).toMatchObject({
      status: 200,
      body: { name: 'Mine', cancel_window_minutes: 30 },
    });
    const refused = await patch(
      body.id,
      { name: 'Nope', active: false, currency: 'USD', hostnames: [] },
      token,
    );
    expect(refused).toMatchObject({ status: 403, body: { code: 'tenant_field_forbidden' } });
    expect(refused.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      'active',
      'hostnames',
      'currency',
    ]);
    expect((await get(body.id)).body.name).toBe('Mine');
  });

  test('an administrator says where buyers pay, changes it and takes it away; what says the same changes nothing', async () => {
    const { body } = await create(input());
    expect(body.bank_account).toBeNull();
    const { token, tenantId } = await adminOf(body.id);
    const stored = {
      ...bankAccount(),
      account_number: 'ES9121000418450200051332',
      bic: null,
      bank_name: null,
    };
    const told = { status: 200, body: { bank_account: stored, version: 2 } };
    expect(await patch(body.id, { bank_account: bankAccount() }, token)).toMatchObject(told);
    expect(await patch(body.id, { bank_account: stored }, token)).toMatchObject(told);
    const other = bankAccount({
      account_number: '026 009-593',
      bic: ' zocoesm0 ',
      bank_name: 'Banco de Ejemplo',
    });
    expect((await patch(body.id, { bank_account: other }, token)).body).toMatchObject({
      bank_account: { ...other, bic: 'ZOCOESM0' },
      version: 3,
    });
    expect((await world.events(tenantId, body.id)).at(-1)?.data.bank_account).toEqual({
      ...other,
      bic: 'ZOCOESM0',
    });
    const wrong = await patch(body.id, { bank_account: bankAccount({ account_number: 'ES91' }) }, token);
    expect(wrong).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'bank_account.account_number' }] },
    });
    expect((await patch(body.id, { bank_account: null }, token)).body).toMatchObject({
      bank_account: null,
      version: 4,
    });
  });

  test('a tenant that was stored before there were accounts has none, and can get one', async () => {
    const { body } = await create(input());
    const { tenantId } = await adminOf(body.id);
    await world.db.transact(
      tenantId,
      (tx) => tx.sql`update tenants set settings = settings - 'bank_account' where tenant_id = ${tenantId}`,
    );
    expect((await get(body.id)).body).toEqual({ ...body, bank_account: null });
    expect((await patch(body.id, { bank_account: null })).body.version).toBe(1);
    expect((await patch(body.id, { bank_account: bankAccount() })).body).toMatchObject({
      bank_account: { holder: 'Libros del Zoco S.L.' },
      version: 2,
    });
  });

  test('404 for another tenant, 409 for a taken host name, 422 for bad values, 401 and 403', async () => {
    const hostname = `${newSlug()}.example`;
    await create(input({ hostnames: [hostname] }));
    const { body } = await create(input());
    const { token } = await adminOf(body.id);
    expect((await patch('nobody', { name: 'x' })).status).toBe(404);
    expect((await patch(await world.addTenant(), { name: 'x' }, token)).status).toBe(404);
    expect(await patch(body.id, { hostnames: [hostname] })).toMatchObject({
      status: 409,
      body: { code: 'hostname_taken' },
    });
    expect((await patch(body.id, { id: 'other' })).status).toBe(422);
    expect((await patch(body.id, { version: 9 })).status).toBe(422);
    expect((await patch(body.id, { time_zone: 'x' })).status).toBe(422);
    const staff = await world.addUser(tenantSettings.shape.id.parse(body.id), ['staff']);
    expect((await patch(body.id, { name: 'x' }, staff.token)).status).toBe(403);
    expect((await world.request('PATCH', `${PATH}/${body.id}`, { tenant: body.id, body: {} })).status).toBe(
      401,
    );
  });

  test('a suspended tenant answers 403 to everybody at once, and the platform opens it again', async () => {
    const { body } = await create(input());
    const admin = await adminOf(body.id);
    await patch(body.id, { active: false });
    const suspended = { status: 403, body: { code: 'tenant_suspended' } };
    expect(await world.login(admin.tenantId, admin.email)).toMatchObject(suspended);
    expect(await world.request('GET', '/api/v1/users/profile', { token: admin.token })).toMatchObject(
      suspended,
    );
    const refresh = { body: { refresh_token: admin.refreshToken } };
    expect(await world.request('POST', '/api/v1/users/refresh', refresh)).toMatchObject(suspended);
    expect((await patch(body.id, { active: true })).status).toBe(200);
    expect((await world.request('POST', '/api/v1/users/refresh', refresh)).status).toBe(200);
  });

  test('the tenant of the platform stays active', async () => {
    expect(await patch('zoco', { active: false })).toMatchObject({
      status: 409,
      body: { code: 'tenant_reserved' },
    });
  });

  test('racing changes each get a version of their own', async () => {
    const { body } = await create(input());
    await Promise.all([1, 2, 3, 4, 5].map((shipping_cents) => patch(body.id, { shipping_cents })));
    const events = await world.events(tenantSettings.shape.id.parse(body.id), body.id);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await get(body.id)).body).toEqual(events.at(-1)?.data);
  });
});

describe('the platform’s staff', () => {
  test('nobody can register with their tenant', async () => {
    const answer = await world.request('POST', '/api/v1/users/register', {
      tenant: PLATFORM_TENANT,
      body: { email: 'x@example.com', password: PASSWORD, first_name: 'X', last_name: 'Y' },
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'registration_closed' } });
  });

  test('they act in the tenant that they name, and have no account there', async () => {
    const tenant = await world.addTenant();
    const user = await world.addUser(tenant);
    const path = `/api/v1/users/${user.id}`;
    expect(
      await world.request('PATCH', path, { token: platform, tenant, body: { roles: ['staff'] } }),
    ).toMatchObject({
      status: 200,
      body: { roles: ['staff'] },
    });
    expect(
      await world.request('PATCH', path, { token: platform, tenant, body: { roles: ['platform'] } }),
    ).toMatchObject({ status: 403, body: { code: 'role_platform_reserved' } });
    expect((await world.request('GET', path, { token: platform })).status).toBe(404);
    expect(await world.request('GET', '/api/v1/users/profile', { token: platform, tenant })).toMatchObject({
      status: 403,
      body: { code: 'account_missing' },
    });
    expect((await world.request('GET', '/api/v1/users/profile', { token: platform })).status).toBe(200);
  });

  test('the last of them stays', async () => {
    const { body } = await world.request('GET', '/api/v1/users/profile', { token: platform });
    const answer = await world.request('DELETE', `/api/v1/users/${body.id}`, { token: platform });
    expect(answer).toMatchObject({ status: 409, body: { code: 'admin_last' } });
  });

  test('creating them again changes nothing, and gives back what was taken', async () => {
    const again = { email: 'PLATFORM@zoco.example', password: 'some other password' };
    expect(await createPlatformAdmin(world.deps, again)).toBe('unchanged');
    expect((await world.login(PLATFORM_TENANT, PLATFORM_EMAIL)).status).toBe(200);
    expect(await createPlatformAdmin(world.deps, { email: 'two@zoco.example', password: PASSWORD })).toBe(
      'created',
    );
    await world.db.transact(
      PLATFORM_TENANT,
      (tx) => tx.sql`update users set active = false where email = 'two@zoco.example'`,
    );
    expect(await createPlatformAdmin(world.deps, { email: 'two@zoco.example', password: PASSWORD })).toBe(
      'restored',
    );
    expect((await world.login(PLATFORM_TENANT, 'two@zoco.example')).body.user.roles).toEqual(['platform']);
    await expect(createPlatformAdmin(world.deps, { email: 'no', password: PASSWORD })).rejects.toMatchObject({
      code: 'email_invalid',
    });
    await expect(
      createPlatformAdmin(world.deps, { email: 'a@b.example', password: 'password' }),
    ).rejects.toMatchObject({
      code: 'password_refused',
    });
  });
});

test('PostgreSQL knows every time zone that a tenant can have', async () => {
  const rows = await world.db.read(
    PLATFORM_TENANT,
    (tx) => tx.sql<{ name: string }[]>`select name from pg_timezone_names`,
  );
  const known = new Set(rows.map(({ name }) => name));
  const accepted = ['UTC', ...Intl.supportedValuesOf('timeZone')].filter(isTimeZone);
  expect(accepted.length).toBeGreaterThan(400);
  expect(accepted.filter((name) => !known.has(name))).toEqual([]);
});
