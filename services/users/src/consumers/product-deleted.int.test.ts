import { productDeleted } from '@zoco/contracts';
import { newId, type TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUsersWorld, type UsersWorld } from '../../fixtures/world.ts';
import { handlers } from './index.ts';

let world: UsersWorld;
let tenant: TenantId;
beforeAll(async () => {
  world = await createUsersWorld();
  tenant = await world.addTenant();
});
afterAll(() => world[Symbol.asyncDispose]());

test('product.deleted takes the product out of every favorite and wishlist of its tenant, and out of no other', async () => {
  const [handler] = handlers();
  expect(handler?.event).toBe(productDeleted);
  const [gone, kept] = [newId('product'), newId('product')];
  const users = [await world.addUser(tenant), await world.addUser(tenant)];
  const foreign = await world.addUser(await world.addTenant());
  for (const { token } of [...users, foreign]) {
    for (const id of [gone, kept]) {
      await world.request('PUT', `/api/v1/users/favorites/${id}`, { token });
      await world.request('PUT', `/api/v1/users/wishlist/${id}`, { token, body: { priority: 1 } });
    }
  }
  const event = {
    id: newId('event'),
    tenantId: tenant,
    aggregateId: gone,
    version: 3,
    time: new Date(),
    data: { product_id: gone, sku: 'x' },
  };
  // Twice: the effect of the second delivery is none.
  for (let n = 0; n < 2; n += 1)
    await world.db.transact(tenant, async (tx) => void (await handler?.handle(tx, event)));
  const idsOf = async (list: string, token: string) => {
    const { body } = await world.request('GET', `/api/v1/users/${list}`, { token });
    return body.data.map(({ product_id }: { product_id: string }) => product_id);
  };
  for (const list of ['favorites', 'wishlist']) {
    for (const { token } of users) expect(await idsOf(list, token)).toEqual([kept]);
    expect((await idsOf(list, foreign.token)).toSorted()).toEqual([gone, kept].toSorted());
  }
});
