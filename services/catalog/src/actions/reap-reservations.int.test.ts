import type { OrderStatus } from '@zoco/contracts';
import type { Id } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newOrder, openShop, type Shop } from '../../fixtures/shop.ts';
import { reapReservations } from './reap-reservations.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(async () => {
  shop.neighbours.isDown = false;
  // What other tests left is not due in this one.
  await letPass(-1440);
});

const reap = () =>
  reapReservations({
    db: shop.world.db,
    call: shop.call,
    log: shop.world.log,
    failpoint: () => {},
    onChange: (tenantId, ids) => ids.forEach((id) => shop.cache.forgetStock(tenantId, id)),
  });

const age = (order: Id<'order'>, minutes: number) =>
  shop.world.db.transact(
    shop.tenant.id,
    (tx) => tx.sql`
      update reservations set created_at = now() - make_interval(mins => ${minutes}),
        due_at = now() - make_interval(mins => ${minutes}) + interval '20 minutes'
      where order_id = ${order}`,
  );

const letPass = (minutes: number) =>
  shop.world.db.transact(
    shop.tenant.id,
    (tx) => tx.sql`update reservations set due_at = due_at - make_interval(mins => ${minutes})`,
  );

async function held(status: OrderStatus | undefined, minutes = 21) {
  const { id } = await shop.addProduct({ stock: 10 });
  const order = newOrder();
  await shop.reserve(order, [[id, 4]]);
  if (status !== undefined) shop.neighbours.orders.set(order, status);
  await age(order, minutes);
  const stock = async () => {
    const { on_hand, reserved } = await shop.stockOf(id);
    return [on_hand, reserved];
  };
  return { order, stock };
}

describe('reservations that are held for too long', () => {
  test.each([
    ['created', [10, 4]],
    ['pending', [10, 4]],
    ['confirmed', [6, 0]],
    ['shipped', [6, 0]],
    ['expired', [10, 0]],
    ['rejected', [10, 0]],
    ['canceled', [10, 0]],
    [undefined, [10, 0]],
  ] as const)('of a %s order', async (status, expected) => {
    const { stock } = await held(status);
    await reap();
    expect(await stock()).toEqual(expected);
  });

  test('are left alone before their time', async () => {
    const { stock } = await held('expired', 19);
    expect(await reap()).toBe(0);
    expect(await stock()).toEqual([10, 4]);
  });

  test('are never ended by the clock alone: without an answer they stay', async () => {
    const { order, stock } = await held('expired', 600);
    shop.neighbours.isDown = true;
    expect(await reap()).toBe(0);
    expect(await stock()).toEqual([10, 4]);
    shop.neighbours.isDown = false;
    // Asked lately: not again so soon.
    expect(await reap()).toBe(0);
    await age(order, 600);
    expect(await reap()).toBe(1);
    expect(await stock()).toEqual([10, 0]);
  });

  test('all get their turn, also behind many that rightly wait for days', async () => {
    const { id } = await shop.addProduct({ stock: 100 });
    const waiting = Array.from({ length: 60 }, newOrder);
    await Promise.all(waiting.map((order) => shop.reserve(order, [[id, 1]])));
    for (const order of waiting) {
      shop.neighbours.orders.set(order, 'created');
      await age(order, 3000);
    }
    const { stock } = await held('expired', 60);
    await reap();
    await letPass(60);
    await reap();
    expect(await stock()).toEqual([10, 0]);
  });

  test.each([
    [21, 5],
    [120, 30],
    [3000, 60],
  ])('held for %i minutes: are asked about again after %i', async (minutes, expected) => {
    const { order, stock } = await held('created', minutes);
    await reap();
    shop.neighbours.orders.set(order, 'expired');
    await letPass(expected - 1);
    await reap();
    expect(await stock()).toEqual([10, 4]);
    await letPass(2);
    await reap();
    expect(await stock()).toEqual([10, 0]);
  });

  test('are ended once by many replicas at once', async () => {
    const { stock } = await held('confirmed');
    const ended = await Promise.all(Array.from({ length: 5 }, reap));
    expect(ended.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(await stock()).toEqual([6, 0]);
  });
});
