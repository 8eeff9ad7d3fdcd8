import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShop, type Shop } from '../../fixtures/shop.ts';
import { findProducts, updateProducts } from './products.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

test('a product that somebody changed since it was read stays as it is', async () => {
  const { id } = await shop.addProduct({ name: 'First' });
  const { tenant, world } = shop;
  const [read] = await world.db.read(tenant.id, (tx) => findProducts(tx, [id]));
  if (read === undefined) throw new Error('not found');
  const write = (name: string) =>
    world.db.transact(tenant.id, (tx) => updateProducts(tx, [{ ...read, name }]));
  expect(await write('Second')).toMatchObject([{ version: 2 }]);
  expect(await write('Third')).toEqual([]);
  const [now] = await world.db.read(tenant.id, (tx) => findProducts(tx, [id]));
  expect(now).toMatchObject({ name: 'Second', version: 2 });
});
