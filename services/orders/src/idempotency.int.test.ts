import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '@zoco/testing';
import { type Answer, openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';
import { sweepOnce } from './sweeper.ts';

let shop: Shop;
let headers: Record<string, string>;
let userId: string;
beforeAll(async () => {
  shop = await openShop();
});
beforeEach(async () => {
  ({ headers, userId } = await shop.addBuyer());
});
afterEach(() => {
  shop.failpoint = () => {};
  Object.assign(shop.neighbours.catalog, {
    mode: 'answer',
    before: async () => {},
    beforeRelease: async () => {},
  });
  Object.assign(shop.neighbours.users, { mode: 'answer', before: async () => {} });
});
afterAll(() => shop[Symbol.asyncDispose]());

const bodyFor = (productId: string) => ({
  items: [{ product_id: productId, quantity: 1 }],
  payment_method: 'card',
});
const post = (key: string, body: unknown, who = headers): Promise<Answer> =>
  shop.request('POST', '/api/v1/orders', { headers: { ...who, 'idempotency-key': key }, body });

const locationOf = ({ headers: given }: Answer) => given.get('location');

const rowsOf = (user: string) =>
  shop.world.db.read(
    shop.tenant.id,
    (tx) => tx.sql<{ id: string; status: string }[]>`select id, status from orders where user_id = ${user}`,
  );

/** Dies at that failpoint, once, as far as the caller can see. */
function crashAt(point: string): void {
  shop.failpoint = (name) => {
    if (name !== point) return;
    shop.failpoint = () => {};
    throw new Error(`crash ${point}`);
  };
}

describe('one key, one order', () => {
  test('40 keys × 8 racing clients: 40 orders, and every client ends with the same bytes', async () => {
    const buyers = await Promise.all(Array.from({ length: 4 }, () => shop.addBuyer()));
    const product = shop.addProduct({ stock: 1000 });
    const body = bodyFor(product.id);
    const keys = Array.from({ length: 40 }, uniqueKey);
    const insist = (key: string, who: Record<string, string>): Promise<Answer> =>
      eventually(async () => {
        const answer = await post(key, body, who);
        if (answer.body.code === 'idempotency_key_in_flight') {
          throw new Error('still in flight');
        }
        return answer;
      });
    const answers = await Promise.all(
      keys.map((key, index) => {
        const who = buyers[index % buyers.length]?.headers ?? headers;
        return Promise.all(Array.from({ length: 8 }, () => insist(key, who)));
      }),
    );
    const ids = new Set<string>();
    for (const same of answers) {
      expect(same.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
      expect(new Set(same.map(({ text }) => text)).size).toBe(1);
      const fresh = same.filter((one) => one.headers.get('idempotency-replayed') === null);
      expect(fresh).toHaveLength(1);
      ids.add(same[0]?.body.id);
    }
    expect(ids.size).toBe(40);
    const rows = (await Promise.all(buyers.map((one) => rowsOf(one.userId)))).flat();
    expect(rows.map(({ id }) => id).toSorted()).toEqual([...ids].toSorted());
    expect(product.stock).toBe(960);
    for (const id of ids) expect(await shop.eventsOf(id)).toHaveLength(1);
  });

  test('the same key with another body is refused, and the first answer still stands', async () => {
    const [one, other] = [shop.addProduct(), shop.addProduct()];
    const key = uniqueKey();
    const first = await post(key, bodyFor(one.id));
    const second = await post(key, bodyFor(other.id));
    expect([second.status, second.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect((await post(key, bodyFor(one.id))).text).toBe(first.text);
    expect(other.stock).toBe(1000);
  });

  test('the order of the fields does not make it another body', async () => {
    const { items, payment_method } = bodyFor(shop.addProduct().id);
    const key = uniqueKey();
    const first = await post(key, { items, payment_method });
    expect((await post(key, { payment_method, items })).text).toBe(first.text);
  });

  test('the same key of another buyer is another key', async () => {
    const other = await shop.addBuyer();
    const body = bodyFor(shop.addProduct().id);
    const key = uniqueKey();
    const [mine, theirs] = [await post(key, body), await post(key, body, other.headers)];
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(mine.body.id).not.toBe(theirs.body.id);
  });

  test('a replay shows the order as it was answered then, not as it is now', async () => {
    const key = uniqueKey();
    const body = bodyFor(shop.addProduct().id);
    const first = await post(key, body);
    await shop.request('POST', `/api/v1/orders/${first.body.id}/cancel`, { headers });
    const again = await post(key, body);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect([first, again].map(locationOf)).toEqual(Array(2).fill(`/api/v1/orders/${first.body.id}`));
  });

  test('after a day the answer is forgotten, and the key still places no second order', async () => {
    const key = uniqueKey();
    const body = bodyFor(shop.addProduct().id);
    const first = await post(key, body);
    await shop.world.db.work(
      (tx) => tx.sql`update idempotency_keys set body = null where resource_id = ${first.body.id}`,
    );
    const again = await post(key, body);
    expect(again).toMatchObject({
      status: 409,
      body: { code: 'idempotency_key_expired', order_id: first.body.id },
    });
    expect(locationOf(again)).toBe(locationOf(first));
    expect(await rowsOf(userId)).toHaveLength(1);
  });
});

describe('a crash between claim and commit', () => {
  test.each([
    ['after-pending', false],
    ['after-reserve', true],
    ['before-created-commit', true],
  ])('%s: the retry waits for the lease and ends in the same order', async (point, isReserved) => {
    const key = uniqueKey();
    const product = shop.addProduct();
    crashAt(point);
    expect((await post(key, bodyFor(product.id))).status).toBe(500);
    const [pending] = await rowsOf(userId);
    expect(pending?.status).toBe('pending');
    expect(shop.neighbours.catalog.reservations.has(pending?.id ?? '')).toBe(isReserved);
    await expireLease(pending?.id);
    const retried = await post(key, bodyFor(product.id));
    expect([retried.status, retried.body.id]).toEqual([201, pending?.id]);
    expect(await rowsOf(userId)).toHaveLength(1);
    expect(await shop.eventsOf(retried.body.id)).toHaveLength(1);
    expect(product.stock).toBe(999);
  });

  test('before the claim is committed: nothing is left, and the retry is a first try', async () => {
    const key = uniqueKey();
    const body = bodyFor(shop.addProduct().id);
    crashAt('after-claim');
    expect((await post(key, body)).status).toBe(500);
    expect(await rowsOf(userId)).toHaveLength(0);
    expect((await post(key, body)).status).toBe(201);
  });

  test('after the commit: the retry gets the answer that was lost', async () => {
    const key = uniqueKey();
    const body = bodyFor(shop.addProduct().id);
    crashAt('after-created-commit');
    expect((await post(key, body)).status).toBe(500);
    const again = await post(key, body);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(await rowsOf(userId)).toHaveLength(1);
  });

  test('nobody comes back: the sweeper finishes the order', async () => {
    const product = shop.addProduct();
    crashAt('after-pending');
    await post(uniqueKey(), bodyFor(product.id));
    const [pending] = await rowsOf(userId);
    await shop.backdate(pending?.id ?? '');
    await shop.sweep();
    expect(await shop.getOrder(pending?.id ?? '')).toMatchObject({ status: 'created' });
    expect(await shop.eventsOf(pending?.id ?? '')).toMatchObject([{ type: 'order.created' }]);
    expect(product.stock).toBe(999);
  });

  test('while a request works on it, neither a retry nor the sweeper interferes', async () => {
    const key = uniqueKey();
    const product = shop.addProduct();
    const entered = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    shop.neighbours.catalog.before = () => {
      entered.resolve();
      return go.promise;
    };
    const first = post(key, bodyFor(product.id));
    await entered.promise;
    const twin = await post(key, bodyFor(product.id));
    expect([twin.status, twin.body.code]).toEqual([409, 'idempotency_key_in_flight']);
    expect(twin.headers.get('retry-after')).toBe('1');
    const reserves = shop.neighbours.catalog.reserves;
    const [pending] = await rowsOf(userId);
    await shop.world.db.work(
      (tx) => tx.sql`update orders set due_at = now() where id = ${pending?.id ?? ''}`,
    );
    await shop.sweep();
    expect(shop.neighbours.catalog.reserves).toBe(reserves);
    go.resolve();
    expect((await first).status).toBe(201);
  });

  test('a zombie that lost its lease cannot commit; it gives the answer of whoever took over', async () => {
    const key = uniqueKey();
    const product = shop.addProduct();
    const entered = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    shop.neighbours.catalog.before = () => {
      shop.neighbours.catalog.before = async () => {};
      entered.resolve();
      return go.promise;
    };
    const zombie = post(key, bodyFor(product.id));
    await entered.promise;
    const [pending] = await rowsOf(userId);
    await expireLease(pending?.id);
    const retried = await post(key, bodyFor(product.id));
    expect(retried.status).toBe(201);
    go.resolve();
    const late = await zombie;
    expect([late.status, late.text]).toEqual([201, retried.text]);
    expect(await shop.eventsOf(retried.body.id)).toHaveLength(1);
    expect(product.stock).toBe(999);
  });
});

test('a zombie whose refusal comes late does not release what a retry has ordered', async () => {
  const key = uniqueKey();
  const product = shop.addProduct();
  const askedUsers = Promise.withResolvers<void>();
  const usersAnswer = Promise.withResolvers<void>();
  shop.neighbours.users.before = () => {
    shop.neighbours.users.before = async () => {};
    askedUsers.resolve();
    return usersAnswer.promise;
  };
  const zombie = post(key, bodyFor(product.id));
  await askedUsers.promise;
  const [pending] = await rowsOf(userId);
  const id = pending?.id ?? '';
  await expireLease(id);
  const retried = await post(key, bodyFor(product.id));
  expect(retried.status).toBe(201);
  shop.neighbours.users.missing.add(userId);
  usersAnswer.resolve();
  const late = await zombie;
  expect([late.status, late.text]).toEqual([201, retried.text]);
  expect(shop.neighbours.catalog.reservations.get(id)?.state).toBe('held');
  expect(product.stock).toBe(999);
});

test('a zombie that comes back between the rejection and the release cannot create the order', async () => {
  const key = uniqueKey();
  const product = shop.addProduct();
  const askedUsers = Promise.withResolvers<void>();
  const usersAnswer = Promise.withResolvers<void>();
  shop.neighbours.users.before = () => {
    askedUsers.resolve();
    return usersAnswer.promise;
  };
  const releasing = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  shop.neighbours.catalog.beforeRelease = () => {
    releasing.resolve();
    return release.promise;
  };
  const zombie = post(key, bodyFor(product.id));
  await askedUsers.promise;
  await eventually(() => expect(product.stock).toBe(999));
  const [pending] = await rowsOf(userId);
  const id = pending?.id ?? '';
  await shop.backdate(id);
  const impatient = { ...shop.deps, config: { ...shop.deps.config, ORDERS_PENDING_SECONDS: 0 } };
  const sweeping = sweepOnce(impatient);
  await releasing.promise;
  usersAnswer.resolve();
  const late = await zombie;
  expect([late.status, late.body.code]).toEqual([409, 'order_placing_timeout']);
  expect((await shop.getOrder(id)).status).toBe('rejected');
  release.resolve();
  await sweeping;
  expect((await shop.getOrder(id)).status).toBe('rejected');
  expect(product.stock).toBe(1000);
});

describe('the catalog does not answer', () => {
  test.each(['fail', 'lose'] as const)(
    '%s: 503 and the order stays pending; the retry ends in the same order with one reservation',
    async (mode) => {
      const key = uniqueKey();
      const product = shop.addProduct();
      shop.neighbours.catalog.mode = mode;
      const lost = await post(key, bodyFor(product.id));
      expect([lost.status, lost.body.code]).toEqual([503, 'service_unavailable']);
      const [pending] = await rowsOf(userId);
      expect(pending?.status).toBe('pending');
      shop.neighbours.catalog.mode = 'answer';
      const retried = await post(key, bodyFor(product.id));
      expect([retried.status, retried.body.id]).toEqual([201, pending?.id]);
      expect(product.stock).toBe(999);
    },
  );

  test('users does not answer: the same, and the reservation that was made is used', async () => {
    const key = uniqueKey();
    const product = shop.addProduct();
    shop.neighbours.users.mode = 'fail';
    expect((await post(key, bodyFor(product.id))).status).toBe(503);
    shop.neighbours.users.mode = 'answer';
    expect((await post(key, bodyFor(product.id))).status).toBe(201);
    expect(product.stock).toBe(999);
  });

  test.each(['answer', 'fail'] as const)(
    'for longer than a minute: rejected, also when the release is lost (%s), which the event stands in for',
    async (mode) => {
      const key = uniqueKey();
      const product = shop.addProduct();
      shop.neighbours.catalog.mode = 'lose';
      await post(key, bodyFor(product.id));
      const [pending] = await rowsOf(userId);
      const id = pending?.id ?? '';
      expect(product.stock).toBe(999);
      shop.neighbours.catalog.mode = mode;
      await shop.backdate(id);
      await sweepOnce({ ...shop.deps, config: { ...shop.deps.config, ORDERS_PENDING_SECONDS: 0 } });
      expect((await shop.getOrder(id)).status).toBe('rejected');
      expect(await shop.eventsOf(id)).toMatchObject([
        { type: 'order.rejected', version: 2, data: { order_id: id, reason: 'order_placing_timeout' } },
      ]);
      expect(product.stock).toBe(mode === 'answer' ? 1000 : 999);
      const late = await post(key, bodyFor(product.id));
      expect([late.status, late.body.code]).toEqual([409, 'order_placing_timeout']);
    },
  );
});

async function expireLease(orderId: string | undefined): Promise<void> {
  await shop.world.db.work(
    (tx) => tx.sql`
      update idempotency_keys set locked_until = now() - interval '1 second' where resource_id = ${orderId ?? ''}`,
  );
}
