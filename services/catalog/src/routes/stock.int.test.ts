import { stockChanged } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newOrder, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
let staff: Record<string, string>;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.staff();
});
afterAll(() => shop[Symbol.asyncDispose]());

const adjust = (id: string, delta: unknown, headers: Record<string, string> = {}, reason = 'count') =>
  shop.request('POST', `/products/${id}/stock`, {
    headers: { ...staff, ...headers },
    body: { delta, reason },
  });
const moves = (id: string, query = '', headers = staff) =>
  shop.request('GET', `/products/${id}/stock${query}`, { headers });

describe('POST /products/{id}/stock', () => {
  test('adds and takes units, logs why and who, and tells', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    expect((await adjust(id, 7, {}, 'delivery')).body).toMatchObject({
      product_id: id,
      stock: 12,
      stock_on_hand: 12,
      stock_reserved: 0,
      move: { kind: 'adjust', on_hand_delta: 7, on_hand_after: 12, reason: 'delivery', order_id: null },
    });
    const taken = await adjust(id, -2, {}, 'damaged');
    expect([taken.status, taken.body.stock]).toEqual([200, 10]);
    expect(taken.body.move.actor_id).toMatch(/^usr_/);
    const events = await shop.events(`${id}/stock`);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(stockChanged.data.parse(events.at(-1)?.data)).toMatchObject({ stock: 10, reason: 'adjust' });
    const shown = await shop.request('GET', `/products/${id}`, { headers: shop.anonymous });
    expect(shown.body.stock).toBe(10);
  });

  test('409 below what is reserved, and nothing is logged', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    await shop.reserve(newOrder(), [[id, 3]]);
    const refused = await adjust(id, -3);
    expect([refused.status, refused.body.code]).toEqual([409, 'stock_insufficient']);
    expect(refused.body.detail).toContain('at most 2');
    expect((await adjust(id, -2)).status).toBe(200);
    expect(await shop.stockOf(id)).toEqual({ on_hand: 3, reserved: 3, moved_on_hand: 3, moved_reserved: 3 });
  });

  test('409 above what a product can have', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    const { status, body } = await adjust(id, 1_000_000_000);
    expect([status, body.code]).toEqual([409, 'stock_too_large']);
  });

  test('racing adjustments all count, and none goes below zero', async () => {
    const { id } = await shop.addProduct({ stock: 10 });
    const answers = await Promise.all(Array.from({ length: 30 }, () => adjust(id, -1)));
    const granted = answers.filter(({ status }) => status === 200);
    expect(granted).toHaveLength(10);
    expect(granted.map(({ body }) => body.stock).toSorted((a, b) => b - a)).toEqual([
      9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    ]);
  });

  test('with a key the same adjustment happens once, also when asked many times at once', async () => {
    const { id } = await shop.addProduct({ stock: 10 });
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => adjust(id, 5, headers)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const replayed = answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true');
    expect(replayed).toHaveLength(7);
    expect(await shop.stockOf(id)).toMatchObject({ on_hand: 15, moved_on_hand: 15 });
    await adjust(id, 1);
    expect((await adjust(id, 5, headers)).body.stock_on_hand).toBe(15);
  });

  test('422 for a key that was used for something else, 400 for one that is none', async () => {
    const [a, b] = [await shop.addProduct(), await shop.addProduct()];
    const headers = { 'x-idempotency-key': randomUUID() };
    await adjust(a.id, 5, headers);
    for (const other of [
      adjust(a.id, 6, headers),
      adjust(b.id, 5, headers),
      adjust(a.id, 5, headers, 'else'),
    ]) {
      expect((await other).body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
    expect((await adjust(a.id, 5, { 'idempotency-key': 'short' })).status).toBe(400);
  });

  test.each([0, 1.5, '1', 2e9, null])('422 for a delta of %j', async (delta) => {
    const { id } = await shop.addProduct();
    const { status, body } = await adjust(id, delta);
    expect([status, body.errors[0].field]).toEqual([422, 'delta']);
  });

  test('422 without a reason, 404 for missing, foreign and deleted, 401, 403', async () => {
    const product = await shop.addProduct();
    const send = (
      headers: Record<string, string>,
      id = product.id,
      body: unknown = { delta: 1, reason: 'x' },
    ) => shop.request('POST', `/products/${id}/stock`, { headers, body });
    expect((await send(staff, product.id, { delta: 1 })).status).toBe(422);
    expect((await send(staff, newId('product'))).body.code).toBe('product_not_found');
    expect((await send(await shop.staff(shop.world.addTenant()))).status).toBe(404);
    expect((await send(shop.anonymous)).status).toBe(401);
    expect((await send(await shop.buyer())).status).toBe(403);
    await shop.request('DELETE', `/products/${product.id}`, { headers: staff });
    expect((await send(staff)).status).toBe(404);
  });
});

describe('GET /products/{id}/stock', () => {
  test('lists every move, newest first, page by page', async () => {
    const { id } = await shop.addProduct({ stock: 3 });
    for (let n = 1; n <= 4; n += 1) await adjust(id, n);
    const order = newOrder();
    await shop.reserve(order, [[id, 2]]);
    await shop.release(order);
    const first = await moves(id, '?limit=3');
    const second = await moves(id, `?limit=100&cursor=${first.body.next_cursor}`);
    const all = [...first.body.data, ...second.body.data];
    expect(all.map((move) => [move.kind, move.on_hand_delta, move.reserved_delta])).toEqual([
      ['release', 0, -2],
      ['reserve', 0, 2],
      ['adjust', 4, 0],
      ['adjust', 3, 0],
      ['adjust', 2, 0],
      ['adjust', 1, 0],
      ['adjust', 3, 0],
    ]);
    expect(all[0]).toMatchObject({ order_id: order, on_hand_after: 13, reserved_after: 0 });
    expect(second.body.next_cursor).toBeNull();
  });

  test('422 for the cursor of another product', async () => {
    const [a, b] = [await shop.addProduct(), await shop.addProduct()];
    await adjust(a.id, 1);
    const { next_cursor: cursor } = (await moves(a.id, '?limit=1')).body;
    expect((await moves(b.id, `?cursor=${cursor}`)).status).toBe(422);
  });

  test('404, 401, 403', async () => {
    const { id } = await shop.addProduct();
    expect((await moves(newId('product'))).status).toBe(404);
    expect((await moves(id, '', await shop.staff(shop.world.addTenant()))).status).toBe(404);
    expect((await moves(id, '', shop.anonymous)).status).toBe(401);
    expect((await moves(id, '', await shop.buyer())).status).toBe(403);
  });
});

test('nobody can change the log: not even the role that writes it', async () => {
  const { id } = await shop.addProduct();
  for (const verb of ['update', 'delete'] as const) {
    const change = shop.world.db.transact(shop.tenant.id, (tx) =>
      verb === 'update'
        ? tx.sql`update stock_moves set on_hand_delta = 99 where product_id = ${id}`
        : tx.sql`delete from stock_moves where product_id = ${id}`,
    );
    await expect(change).rejects.toThrow('permission denied');
  }
});
