import { newId, type TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, type SignedInUser, type UsersWorld } from '../../fixtures/world.ts';

let world: UsersWorld;
let tenant: TenantId;
let staff: SignedInUser;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
  staff = await world.addUser(tenant, ['staff']);
});
afterAll(() => world[Symbol.asyncDispose]());

const PATH = '/api/v1/customers';
const address = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };
const input = (overrides: object = {}) => ({
  name: 'Tech Solutions Inc',
  email: `${newId('customer').slice(-16)}@techsolutions.example`,
  phone: '+1-555-0200',
  ...overrides,
});
const create = (body: unknown, token: string | undefined = staff.token) =>
  world.request('POST', PATH, { token, body });
const one = (method: string, id: string, body?: unknown, token: string | undefined = staff.token) =>
  world.request(method, `${PATH}/${id}`, { token, ...(body === undefined ? {} : { body }) });

describe('POST /customers', () => {
  test('201 with what was given and nothing for the rest; recorded', async () => {
    const body = input({ email: 'OPS@Acme.Example' });
    const answer = await create(body);
    expect(answer).toMatchObject({
      status: 201,
      body: {
        name: body.name,
        email: 'ops@acme.example',
        phone: '+1-555-0200',
        tax_id: null,
        billing_address: null,
        payment_terms_days: null,
        version: 1,
      },
    });
    const { id, created_at: _created, updated_at: _updated, ...data } = answer.body;
    expect(await world.events(tenant, id)).toEqual([
      { type: 'customer.created', version: 1, data: { id, ...data } },
    ]);
  });

  test('409 for an address that another customer of the tenant has, also when both come at once', async () => {
    const body = input();
    const answers = await Promise.all([create(body), create({ ...body, email: body.email.toUpperCase() })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('customer_email_taken');
    const other = await world.addUser(await world.addTenant(), ['staff']);
    expect((await create(body, other.token)).status).toBe(201);
  });

  test.each([
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ email: 'no' }, 'email'],
    [{ phone: 'call me' }, 'phone'],
    [{ phone: undefined }, 'phone'],
    [{ payment_terms_days: -1 }, 'payment_terms_days'],
    [{ payment_terms_days: 1.5 }, 'payment_terms_days'],
    [{ billing_address: { ...address, country: 'Spain' } }, 'billing_address.country'],
    [{ billing_address: { ...address, planet: 'Earth' } }, 'billing_address.planet'],
    [{ id: 'cus_1' }, 'id'],
    [{ version: 1 }, 'version'],
  ])('422 %j', async (change, field) => {
    const answer = await create(input(change));
    expect(answer).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test('401 without a token, 403 for a customer', async () => {
    expect((await world.request('POST', PATH, { tenant, body: input() })).status).toBe(401);
    const { token } = await world.addUser(tenant);
    expect(await create(input(), token)).toMatchObject({ status: 403, body: { code: 'role_missing' } });
  });
});

describe('GET /customers', () => {
  test('newest first, found by part of name, address or tax id; pages hold each once', async () => {
    const shop = await world.addTenant();
    const { token } = await world.addUser(shop, ['staff']);
    const names = ['Zaragoza SL', 'Alpha & Co', '100% Cotton', 'Beta_Group', 'Gamma Ltd'];
    for (const name of names) await create(input({ name, tax_id: `T-${name.length}` }), token);
    const list = (query: string) => world.request('GET', `${PATH}?${query}`, { token });
    const namesOf = ({ body }: Awaited<ReturnType<typeof list>>) =>
      body.data.map(({ name }: { name: string }) => name);
    expect(namesOf(await list(''))).toEqual(names.toReversed());
    expect(namesOf(await list('search=zarag'))).toEqual(['Zaragoza SL']);
    expect(namesOf(await list(`search=${encodeURIComponent('100%')}`))).toEqual(['100% Cotton']);
    expect(namesOf(await list('search=a_g'))).toEqual(['Beta_Group']);
    expect(namesOf(await list('search=T-9'))).toEqual(['Gamma Ltd']);
    expect(namesOf(await list('search=techsolutions'))).toHaveLength(5);
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await list(`limit=2${cursor && `&cursor=${cursor}`}`);
      found.push(...namesOf(page));
      cursor = page.body.next_cursor;
    }
    expect(found).toEqual(names.toReversed());
  });

  test('401, 403 and 422 as everywhere', async () => {
    const { token } = await world.addUser(tenant);
    expect((await world.request('GET', PATH, { tenant })).status).toBe(401);
    expect((await world.request('GET', PATH, { token })).status).toBe(403);
    expect((await world.request('GET', `${PATH}?limit=x`, { token: staff.token })).status).toBe(422);
  });
});

describe('GET, PUT and DELETE /customers/{id}', () => {
  test('200 and 404: a foreign one, a deleted one, one that never was and no id at all are alike', async () => {
    const { body } = await create(input());
    expect(await one('GET', body.id)).toEqual(expect.objectContaining({ status: 200, body }));
    const other = await world.addUser(await world.addTenant(), ['admin']);
    const deleted = (await create(input())).body.id;
    await one('DELETE', deleted);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const sent = method === 'PUT' ? input() : undefined;
      for (const answer of [
        await one(method, body.id, sent, other.token),
        await one(method, deleted, sent),
        await one(method, newId('customer'), sent),
        await one(method, 'x', sent),
      ]) {
        expect([answer.status, answer.body.code]).toEqual([404, 'customer_not_found']);
      }
    }
    expect((await one('GET', body.id)).status).toBe(200);
  });

  test('PUT replaces all and empties what is left out', async () => {
    const { body: before } = await create(
      input({ tax_id: 'B1', billing_address: address, payment_terms_days: 30 }),
    );
    const replacement = input({ name: 'Tech Solutions LLC' });
    expect(await one('PUT', before.id, replacement)).toMatchObject({
      status: 200,
      body: { ...replacement, tax_id: null, billing_address: null, payment_terms_days: null, version: 2 },
    });
    expect((await world.events(tenant, before.id)).map(({ type, version }) => [type, version])).toEqual([
      ['customer.created', 1],
      ['customer.updated', 2],
    ]);
  });

  test('PUT of the same data changes nothing and records nothing', async () => {
    const data = input({ billing_address: address });
    const { body } = await create(data);
    const { country, ...rest } = address;
    expect(await one('PUT', body.id, { ...data, billing_address: { country, ...rest } })).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect(await world.events(tenant, body.id)).toHaveLength(1);
  });

  test('PUT: 409 for a taken address, 422 for missing fields, 403 for a customer', async () => {
    const [first, second] = [await create(input()), await create(input())];
    const taken = await one('PUT', second.body.id, input({ email: first.body.email }));
    expect(taken).toMatchObject({ status: 409, body: { code: 'customer_email_taken' } });
    expect((await one('PUT', second.body.id, { name: 'x' })).status).toBe(422);
    const { token } = await world.addUser(tenant);
    expect((await one('PUT', second.body.id, input(), token)).status).toBe(403);
    expect((await one('DELETE', second.body.id, undefined, token)).status).toBe(403);
    expect((await world.request('DELETE', `${PATH}/${second.body.id}`, { tenant })).status).toBe(401);
  });

  test('racing replacements each get a version of their own', async () => {
    const { body } = await create(input());
    await Promise.all(['A', 'B', 'C', 'D'].map((name) => one('PUT', body.id, input({ name }))));
    const events = await world.events(tenant, body.id);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });

  test('two replacements at once leave one of the two, never a mixture', async () => {
    for (let round = 0; round < 10; round += 1) {
      const base = input({ name: 'Old', phone: '000' });
      const { body } = await create(base);
      const [changed, other] = [
        { ...base, name: 'New' },
        { ...base, phone: '111' },
      ];
      await Promise.all([one('PUT', body.id, changed), one('PUT', body.id, other)]);
      const { name, phone } = (await one('GET', body.id)).body;
      expect([
        ['New', '000'],
        ['Old', '111'],
      ]).toContainEqual([name, phone]);
    }
  });

  test('DELETE is recorded, and frees the address', async () => {
    const data = input();
    const { body } = await create(data);
    expect((await one('DELETE', body.id)).status).toBe(204);
    expect((await world.events(tenant, body.id)).at(-1)).toEqual({
      type: 'customer.deleted',
      version: 2,
      data: { id: body.id },
    });
    expect((await create(data)).status).toBe(201);
  });
});
