import { newId, type TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, type UsersWorld } from '../../fixtures/world.ts';

let world: UsersWorld;
let tenant: TenantId;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
});
afterAll(() => world[Symbol.asyncDispose]());

const idsOf = (data: { product_id: string }[]) => data.map(({ product_id }) => product_id);

async function walk(path: string, token: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '';
  do {
    const { body } = await world.request('GET', `${path}?limit=3${cursor && `&cursor=${cursor}`}`, { token });
    found.push(...idsOf(body.data));
    cursor = body.next_cursor ?? '';
  } while (cursor !== '');
  return found;
}

describe.each([
  ['favorites', undefined, 204],
  ['wishlist', { priority: 3 }, 200],
] as const)('/users/%s', (list, body, added) => {
  const path = `/api/v1/users/${list}`;
  const put = (token: string | undefined, id: string, input: object | undefined = body) =>
    world.request('PUT', `${path}/${id}`, { token, ...(input === undefined ? {} : { body: input }) });

  test('a product is added once, listed, and removed; repeating changes nothing', async () => {
    const { token } = await world.addUser(tenant);
    const id = newId('product');
    expect((await put(token, id)).status).toBe(added);
    expect((await put(token, id)).status).toBe(added);
    const { body: page } = await world.request('GET', path, { token });
    expect(page).toMatchObject({ data: [{ product_id: id }], next_cursor: null });
    for (let n = 0; n < 2; n += 1) {
      expect((await world.request('DELETE', `${path}/${id}`, { token })).status).toBe(204);
    }
    expect((await world.request('GET', path, { token })).body.data).toEqual([]);
  });

  test('pages hold every product once', async () => {
    const { token } = await world.addUser(tenant);
    const ids = Array.from({ length: 10 }, () => newId('product'));
    await Promise.all(ids.map((id) => put(token, id)));
    const found = await walk(path, token);
    expect(found.toSorted()).toEqual(ids.toSorted());
  });

  test('is one’s own: others of the tenant and of other tenants see nothing of it', async () => {
    const [one, other] = [await world.addUser(tenant), await world.addUser(tenant)];
    const foreign = await world.addUser(await world.addTenant(), ['admin']);
    const id = newId('product');
    await put(one.token, id);
    for (const { token } of [other, foreign]) {
      expect((await world.request('GET', path, { token })).body.data).toEqual([]);
      await world.request('DELETE', `${path}/${id}`, { token });
    }
    expect((await world.request('GET', path, { token: one.token })).body.data).toHaveLength(1);
  });

  test('404 for what cannot be a product, 422 for an odd page or cursor, 401 without a token', async () => {
    const { token } = await world.addUser(tenant);
    for (const id of ['x', 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m', "'; drop table favorites; --"]) {
      expect(await put(token, encodeURIComponent(id))).toMatchObject({
        status: 404,
        body: { code: 'product_not_found' },
      });
    }
    for (const query of ['limit=0', 'limit=101', 'cursor=AAAA', 'sort=name']) {
      expect((await world.request('GET', `${path}?${query}`, { token })).status).toBe(422);
    }
    const foreignCursor = Buffer.from('["users","x"]').toString('base64url');
    expect(await world.request('GET', `${path}?cursor=${foreignCursor}`, { token })).toMatchObject({
      status: 422,
      body: { code: 'cursor_invalid' },
    });
    expect((await put(undefined, newId('product'))).status).toBe(401);
    expect((await world.request('GET', path)).status).toBe(401);
    expect((await world.request('DELETE', `${path}/${newId('product')}`)).status).toBe(401);
  });

  test('401 once the session has ended', async () => {
    const user = await world.addUser(tenant);
    await world.request('POST', '/api/v1/users/logout', { body: { refresh_token: user.refreshToken } });
    expect((await put(user.token, newId('product'))).status).toBe(401);
    expect((await world.request('GET', path, { token: user.token })).status).toBe(401);
  });

  test('409 when it is full', async () => {
    const user = await world.addUser(tenant);
    const ids = Array.from({ length: 1000 }, () => newId('product'));
    await world.db.transact(tenant, (tx) =>
      list === 'favorites'
        ? tx.sql`insert into favorites (tenant_id, user_id, product_id) select ${tenant}, ${user.id}, unnest(${ids}::text[])`
        : tx.sql`insert into wishlist_items (tenant_id, user_id, product_id, priority)
            select ${tenant}, ${user.id}, unnest(${ids}::text[]), 1`,
    );
    expect(await put(user.token, newId('product'))).toMatchObject({
      status: 409,
      body: { code: `${list}_full` },
    });
    expect((await put(user.token, ids[0] ?? '')).status).toBe(added);
    const rows = await world.db.read(tenant, (tx) =>
      list === 'favorites'
        ? tx.sql`select 1 from favorites where user_id = ${user.id}`
        : tx.sql`select 1 from wishlist_items where user_id = ${user.id}`,
    );
    expect(rows).toHaveLength(1000);
  });
});

describe('PUT /users/wishlist/{product_id}', () => {
  const path = '/api/v1/users/wishlist';

  test('the list goes from most to least wanted, and a priority can be changed', async () => {
    const { token } = await world.addUser(tenant);
    const [low, high] = [newId('product'), newId('product')];
    await world.request('PUT', `${path}/${low}`, { token, body: { priority: 1 } });
    await world.request('PUT', `${path}/${high}`, { token, body: { priority: 4 } });
    const list = async () => idsOf((await world.request('GET', path, { token })).body.data);
    expect(await list()).toEqual([high, low]);
    const raised = await world.request('PUT', `${path}/${low}`, { token, body: { priority: 5 } });
    expect(raised).toMatchObject({ status: 200, body: { product_id: low, priority: 5 } });
    expect(await list()).toEqual([low, high]);
  });

  test.each([
    {},
    { priority: 0 },
    { priority: 6 },
    { priority: 2.5 },
    { priority: '3' },
    { priority: 3, note: 'x' },
  ])('422 %j', async (body) => {
    const { token } = await world.addUser(tenant);
    const answer = await world.request('PUT', `${path}/${newId('product')}`, { token, body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
  });
});
