import { connectNats, provisionStreams, startEvents, watch } from '@zoco/events';
import {
  type EventData,
  type EventDefinition,
  HANDLES,
  orderCanceled,
  orderConfirmed,
  orderExpired,
  orderRejected,
  subjectOf,
  tenantUpdated,
  WATCHES,
} from '@zoco/contracts';
import { type Id, newId } from '@zoco/kernel';
import { eventually, startPrivateNats } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newOrder, openShop, type Shop } from '../../fixtures/shop.ts';
import { cacheWatchers } from '../cache-watchers.ts';
import { createProductCache } from '../product-cache.ts';
import { handlers } from './index.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

const deps = () => ({ cache: shop.cache, failpoint: () => {} });

const received = <E extends EventDefinition>(event: E, data: EventData<E>) => ({
  id: newId('event'),
  tenantId: shop.tenant.id,
  aggregateId: 'aggregate',
  version: 1,
  time: new Date(),
  data: event.data.parse(data),
});

function handlerOf(event: EventDefinition) {
  const handler = handlers(deps()).find((one) => one.event.type === event.type);
  if (handler === undefined) throw new Error(`nothing handles ${event.type}`);
  return handler;
}

/** Hands an event to its handler in a transaction, as the consumer does. */
async function deliver<E extends EventDefinition>(event: E, data: EventData<E>): Promise<void> {
  const after = await shop.world.db.transact(shop.tenant.id, (tx) =>
    handlerOf(event).handle(tx, received(event, data)),
  );
  after?.();
}

const confirmation = (order: Id<'order'>) => ({
  ...orderConfirmed.data.parse(orderConfirmed.example),
  order_id: order,
});
const confirmed = (order: Id<'order'>) => deliver(orderConfirmed, confirmation(order));
/** The same for orders whose events came together. */
const allConfirmed = (orders: readonly Id<'order'>[]) =>
  shop.world.db.transact(shop.tenant.id, async (tx) => {
    const events = orders.map((order) => received(orderConfirmed, confirmation(order)));
    await handlerOf(orderConfirmed).handleAll?.(tx, events);
  });
const canceled = (order: Id<'order'>, wasConfirmed: boolean) =>
  deliver(orderCanceled, {
    order_id: order,
    reason: 'x',
    was_confirmed: wasConfirmed,
    canceled_at: '2026-01-01T00:00:00.000Z',
  });
const expired = (order: Id<'order'>) =>
  deliver(orderExpired, { order_id: order, expired_at: '2026-01-01T00:00:00.000Z' });
const rejected = (order: Id<'order'>) => deliver(orderRejected, { order_id: order, reason: 'x' });

async function ordered(quantity = 4) {
  const { id } = await shop.addProduct({ stock: 10 });
  const order = newOrder();
  await shop.reserve(order, [[id, quantity]]);
  const stock = async () => {
    const { on_hand, reserved, moved_on_hand, moved_reserved } = await shop.stockOf(id);
    expect([moved_on_hand, moved_reserved]).toEqual([on_hand, reserved]);
    return [on_hand, reserved];
  };
  return { id, order, stock };
}

describe('order.confirmed', () => {
  test('many at once sell what each held, of one product too, and those that sold before nothing', async () => {
    const [one, other] = [await ordered(2), await ordered(3)];
    const [second, third] = [newOrder(), newOrder()];
    await shop.reserve(second, [
      [one.id, 3],
      [other.id, 1],
    ]);
    await shop.reserve(third, [[one.id, 1]]);
    await confirmed(third);
    await allConfirmed([one.order, other.order, second, third]);
    expect([await one.stock(), await other.stock()]).toEqual([
      [4, 0],
      [6, 0],
    ]);
    const moves = await shop.world.db.read(
      shop.tenant.id,
      (tx) => tx.sql<{ on_hand_after: number; reserved_after: number }[]>`
        select on_hand_after, reserved_after from stock_moves
        where product_id = ${one.id} and kind = 'commit' order by on_hand_after desc`,
    );
    const fell = moves.map(({ on_hand_after, reserved_after }) => on_hand_after - reserved_after);
    // Units that can be sold do not change when held ones are: each entry stands for the stock of its own moment.
    expect(fell).toEqual([4, 4, 4]);
    const told = await shop.events(`${one.id}/stock`);
    expect(told.at(-1)?.data).toMatchObject({ reason: 'commit', stock_on_hand: 4, stock_reserved: 0 });
  });

  test('many at once: one that contradicts what has happened undoes all, so that each is handled alone', async () => {
    const [one, other] = [await ordered(), await ordered()];
    await expired(other.order);
    await expect(allConfirmed([one.order, other.order])).rejects.toMatchObject({
      code: 'reservation_released',
    });
    expect(await one.stock()).toEqual([10, 4]);
  });

  test('sells what was held, once; readers see it', async () => {
    const { id, order, stock } = await ordered();
    const shown = () => shop.request('GET', `/products/${id}`, { headers: shop.anonymous });
    await shown();
    await confirmed(order);
    await confirmed(order);
    expect(await stock()).toEqual([6, 0]);
    expect((await shown()).body.stock).toBe(6);
    const kinds = (await shop.events(`${id}/stock`)).map(({ data }) => (data as { reason: string }).reason);
    expect(kinds).toEqual(['initial', 'reserve', 'commit']);
  });

  test('of a released reservation, or of none, is refused: somebody must look at it', async () => {
    const { order, stock } = await ordered();
    await shop.release(order);
    await expect(confirmed(order)).rejects.toMatchObject({ code: 'reservation_released', kind: 'conflict' });
    await expect(confirmed(newOrder())).rejects.toMatchObject({ code: 'reservation_not_found' });
    expect(await stock()).toEqual([10, 0]);
  });
});

describe('order.canceled', () => {
  test('of a confirmed order brings the units back, once', async () => {
    const { order, stock } = await ordered();
    await confirmed(order);
    await canceled(order, true);
    await canceled(order, true);
    expect(await stock()).toEqual([10, 0]);
    await confirmed(order);
    expect(await stock()).toEqual([10, 0]);
  });

  test('brings them back on top of as many as can be for sale, and units can be taken from those', async () => {
    const { id, order, stock } = await ordered();
    await confirmed(order);
    const headers = await shop.world.bearer({ tenantId: shop.tenant.id, roles: ['staff'] });
    const body = { stock: 1_000_000_000 };
    expect((await shop.request('PATCH', `/products/${id}`, { headers, body })).status).toBe(200);
    await canceled(order, true);
    expect(await stock()).toEqual([1_000_000_004, 0]);
    const taken = await shop.request('POST', `/products/${id}/stock`, {
      headers,
      body: { delta: -1, reason: 'broken' },
    });
    expect([taken.status, await stock()]).toEqual([200, [1_000_000_003, 0]]);
  });

  test('that overtakes the confirmation ends the same, whatever comes after', async () => {
    const { order, stock } = await ordered();
    await canceled(order, true);
    expect(await stock()).toEqual([10, 0]);
    await confirmed(order);
    await canceled(order, true);
    expect(await stock()).toEqual([10, 0]);
    expect((await shop.reserve(order, [])).status).toBe(422);
  });

  test('of an order that was not confirmed releases', async () => {
    const { order, stock } = await ordered();
    await canceled(order, false);
    await canceled(order, false);
    expect(await stock()).toEqual([10, 0]);
  });

  test('not confirmed, they say, but sold: refused', async () => {
    const { order, stock } = await ordered();
    await confirmed(order);
    await expect(canceled(order, false)).rejects.toMatchObject({ code: 'reservation_committed' });
    expect(await stock()).toEqual([6, 0]);
  });

  test('before its reserve: the reserve is refused', async () => {
    const { id } = await shop.addProduct();
    const order = newOrder();
    await canceled(order, false);
    expect((await shop.reserve(order, [[id, 1]])).body.code).toBe('reservation_released');
  });
});

describe.each([
  ['order.expired', expired],
  ['order.rejected', rejected],
])('%s', (_type, givenUp) => {
  test('releases, once', async () => {
    const { order, stock } = await ordered();
    await givenUp(order);
    await givenUp(order);
    expect(await stock()).toEqual([10, 0]);
  });

  test('before its reserve: the reserve is refused', async () => {
    const { id } = await shop.addProduct();
    const order = newOrder();
    await givenUp(order);
    expect((await shop.reserve(order, [[id, 1]])).body.code).toBe('reservation_released');
  });
});

test('handlers and watchers are those of the call graph', () => {
  const types = (events: readonly { type: string }[]) => events.map(({ type }) => type).toSorted();
  expect(types(handlers(deps()).map(({ event }) => event))).toEqual(types(HANDLES.catalog));
  const watched = [tenantUpdated, ...cacheWatchers(shop.cache).map(({ event }) => event)];
  expect(types(watched)).toEqual(types(WATCHES.catalog));
});

test('over NATS: an order event sells, and another replica forgets what it had cached', async () => {
  await using nats = await startPrivateNats();
  const nc = await connectNats({ url: nats.url, name: 'test' });
  await provisionStreams(nc);
  const replica = createProductCache();
  const { id, order, stock } = await ordered();
  let reads = 0;
  const look = () =>
    replica.products(shop.tenant.id, [id], async () => {
      reads += 1;
      return [];
    });
  {
    await using _events = startEvents({
      service: 'catalog',
      natsUrl: nats.url,
      db: shop.world.db,
      log: shop.world.log,
      handlers: handlers(deps()),
      watchers: [watch(tenantUpdated, () => {}), ...cacheWatchers(replica)],
    });
    const envelope = {
      specversion: '1.0',
      id: newId('event'),
      source: '/zoco/orders',
      type: 'order.confirmed',
      subject: order,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      tenantid: shop.tenant.id,
      aggregateversion: 2,
      data: { ...orderConfirmed.example, order_id: order },
    };
    nc.publish(subjectOf(orderConfirmed, shop.tenant.id), JSON.stringify(envelope));
    nc.publish(subjectOf(orderConfirmed, shop.tenant.id), JSON.stringify(envelope));
    await eventually(async () => expect(await stock()).toEqual([6, 0]));
    await look();
    await shop.request('PATCH', `/products/${id}`, { headers: await shop.staff(), body: { price_cents: 7 } });
    await eventually(async () => {
      await look();
      expect(reads).toBeGreaterThan(1);
    });
  }
  await nc.close();
});
