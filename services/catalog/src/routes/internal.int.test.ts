import { reservation, stockChanged } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newOrder, openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

const codesOf = (answers: readonly { status: number; body: { code?: string } | undefined }[]) =>
  answers.map(({ status, body }) => (status === 200 ? 'held' : (body?.code ?? String(status)))).toSorted();

describe('PUT /internal/reservations/{order_id}', () => {
  test('holds the units and answers what the order must use, in the order of the request', async () => {
    const lamp = await shop.addProduct({ name: 'Lamp', price_cents: 100, category: 'light' });
    const desk = await shop.addProduct({ name: 'Desk', price_cents: 900, tax_rate_bps: 2100 });
    const order = newOrder();
    const { status, body } = await shop.reserve(order, [
      [desk.id, 1],
      [lamp.id, 2],
      [desk.id, 3],
    ]);
    expect(status).toBe(200);
    expect(reservation.parse(body)).toEqual({
      order_id: order,
      state: 'held',
      lines: [
        lineOf(desk, 1, { tax_rate_bps: 2100 }),
        lineOf(lamp, 2, { tax_rate_bps: 400 }),
        lineOf(desk, 3, { tax_rate_bps: 2100 }),
      ],
    });
    expect(await shop.stockOf(desk.id)).toEqual({
      on_hand: 10,
      reserved: 4,
      moved_on_hand: 10,
      moved_reserved: 4,
    });
    const event = (await shop.events(`${desk.id}/stock`)).at(-1);
    expect(event?.version).toBe(2);
    expect(stockChanged.data.parse(event?.data)).toMatchObject({
      stock: 6,
      stock_on_hand: 10,
      stock_reserved: 4,
      reason: 'reserve',
    });
  });

  function lineOf(product: Record<string, unknown>, quantity: number, more: Record<string, unknown>) {
    const { id: product_id, sku, name, category, currency, price_cents: unit_price_cents } = product;
    return { product_id, sku, name, category, quantity, unit_price_cents, currency, ...more };
  }

  test('a repetition gets the same answer and holds nothing more, whatever the price has become', async () => {
    const { id } = await shop.addProduct({ price_cents: 100 });
    const order = newOrder();
    const first = await shop.reserve(order, [[id, 2]]);
    await shop.request('PATCH', `/products/${id}`, {
      headers: await shop.staff(),
      body: { price_cents: 999 },
    });
    const again = await shop.reserve(order, [[id, 2]]);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(await shop.stockOf(id)).toMatchObject({ reserved: 2, moved_reserved: 2 });
    const other = await shop.reserve(newOrder(), [[id, 1]]);
    expect(other.body.lines[0].unit_price_cents).toBe(999);
  });

  test('one order that is asked many times at once holds its units once', async () => {
    const { id } = await shop.addProduct();
    const order = newOrder();
    const answers = await Promise.all(Array.from({ length: 10 }, () => shop.reserve(order, [[id, 3]])));
    expect(codesOf(answers)).toEqual(Array(10).fill('held'));
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    expect(await shop.stockOf(id)).toMatchObject({ reserved: 3, moved_reserved: 3 });
  });

  test('409 for other lines of the same order', async () => {
    const { id } = await shop.addProduct();
    const order = newOrder();
    await shop.reserve(order, [[id, 2]]);
    expect((await shop.reserve(order, [[id, 3]])).body.code).toBe('reservation_mismatch');
  });

  test('409 when there is not enough, with what there is; nothing of it is held, and later it may go well', async () => {
    const [plenty, scarce] = [await shop.addProduct(), await shop.addProduct({ name: 'Scarce', stock: 2 })];
    const order = newOrder();
    const lines = [
      [plenty.id, 1],
      [scarce.id, 3],
    ] as const;
    const { status, body } = await shop.reserve(order, lines);
    expect([status, body.code]).toEqual([409, 'stock_insufficient']);
    expect(body.errors).toEqual([
      {
        field: 'lines.1.quantity',
        code: 'stock_insufficient',
        detail: `Scarce (${scarce.id}): 2 available, 3 asked for`,
      },
    ]);
    expect(await shop.stockOf(plenty.id)).toMatchObject({ reserved: 0, moved_reserved: 0 });
    expect(await shop.events(`${plenty.id}/stock`)).toHaveLength(1);
    await adjust(scarce.id, 1);
    expect((await shop.reserve(order, lines)).status).toBe(200);
  });

  test('two lines of one product are one need', async () => {
    const { id } = await shop.addProduct({ stock: 5 });
    const lines = [
      [id, 3],
      [id, 3],
    ] as const;
    expect((await shop.reserve(newOrder(), lines)).body.code).toBe('stock_insufficient');
    await adjust(id, 1);
    expect((await shop.reserve(newOrder(), lines)).status).toBe(200);
    expect(await shop.stockOf(id)).toMatchObject({ on_hand: 6, reserved: 6 });
  });

  test('422 for a product that is unknown, deleted or another tenant’s', async () => {
    const deleted = await shop.addProduct();
    await shop.request('DELETE', `/products/${deleted.id}`, { headers: await shop.staff() });
    const foreign = await shop.addProduct({}, shop.world.addTenant());
    for (const id of [newId('product'), deleted.id, foreign.id, 'nothing']) {
      const { status, body } = await shop.reserve(newOrder(), [[id, 1]]);
      expect([status, body.code, body.errors[0].field]).toEqual([
        422,
        'product_unavailable',
        'lines.0.product_id',
      ]);
    }
    expect(await shop.stockOf(deleted.id)).toMatchObject({ reserved: 0 });
  });

  test('100 racing orders for 10 units: 10 are granted, 90 refused, nothing is left', async () => {
    const { id } = await shop.addProduct({ stock: 10 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => shop.reserve(newOrder(), [[id, 1]])));
    expect(codesOf(answers)).toEqual([
      ...Array<string>(10).fill('held'),
      ...Array<string>(90).fill('stock_insufficient'),
    ]);
    expect(await shop.stockOf(id)).toEqual({
      on_hand: 10,
      reserved: 10,
      moved_on_hand: 10,
      moved_reserved: 10,
    });
    const events = await shop.events(`${id}/stock`);
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 11 }, (_, n) => n + 1));
  });

  test('orders with the same products in opposite order never fail by a deadlock', async () => {
    const [a, b] = [await shop.addProduct({ stock: 1000 }), await shop.addProduct({ stock: 1000 })];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const [first, second] = n % 2 === 0 ? [a, b] : [b, a];
        return shop.reserve(newOrder(), [
          [first.id, 1],
          [second.id, 1],
        ]);
      }),
    );
    expect(codesOf(answers)).toEqual(Array(60).fill('held'));
    const [deadlocks] = await shop.world.db.read(
      shop.tenant.id,
      (tx) => tx.sql<{ deadlocks: number }[]>`
        select deadlocks::int from pg_stat_database where datname = current_database()`,
    );
    expect(deadlocks?.deadlocks).toBe(0);
  });

  test('401 without a service’s token, 403 for a service that the call graph does not name, 422 for bad input', async () => {
    const path = `/reservations/${newOrder()}`;
    const body = { lines: [{ product_id: 'x', quantity: 1 }] };
    const plain = await shop.internal(undefined, 'PUT', path, { body });
    expect([plain.status, plain.body.code]).toEqual([401, 'service_token_missing']);
    const cart = await shop.internal('cart', 'PUT', path, { body });
    expect([cart.status, cart.body.code]).toEqual([403, 'caller_not_allowed']);
    const wrong = [
      { lines: [] },
      { lines: [{ product_id: 'x', quantity: 0 }] },
      { lines: [{ product_id: 'x', quantity: 1.5 }] },
      { lines: [{ product_id: 'x', quantity: 1, price: 1 }] },
    ];
    for (const one of wrong) {
      const answer = await shop.internal('orders', 'PUT', `/reservations/${newOrder()}`, { body: one });
      expect(answer.status).toBe(422);
    }
    expect((await shop.internal('orders', 'PUT', '/reservations/not-an-order', { body })).status).toBe(422);
  });

  test('takes as many lines as an order may have', async () => {
    const { id } = await shop.addProduct({ stock: 1000 });
    const lines = Array.from({ length: 1000 }, () => [id, 1] as const);
    const { status, body } = await shop.reserve(newOrder(), lines);
    expect([status, body.lines.length]).toEqual([200, 1000]);
    expect(await shop.stockOf(id)).toMatchObject({ reserved: 1000 });
  });
});

async function adjust(id: string, delta: number): Promise<void> {
  const body = { delta, reason: 'test' };
  const answer = await shop.request('POST', `/products/${id}/stock`, { headers: await shop.staff(), body });
  expect(answer.status).toBe(200);
}

describe('DELETE /internal/reservations/{order_id}', () => {
  test('releases once, however often it is asked', async () => {
    const { id } = await shop.addProduct();
    const order = newOrder();
    await shop.reserve(order, [[id, 4]]);
    const answers = await Promise.all(Array.from({ length: 6 }, () => shop.release(order)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(204));
    expect(await shop.stockOf(id)).toEqual({
      on_hand: 10,
      reserved: 0,
      moved_on_hand: 10,
      moved_reserved: 0,
    });
    expect((await shop.events(`${id}/stock`)).map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  test('a reserve that comes after its release is refused, for ever', async () => {
    const { id } = await shop.addProduct();
    const order = newOrder();
    expect((await shop.release(order)).status).toBe(204);
    for (let n = 0; n < 2; n += 1) {
      const late = await shop.reserve(order, [[id, 1]]);
      expect([late.status, late.body.code]).toEqual([409, 'reservation_released']);
    }
    expect(await shop.stockOf(id)).toMatchObject({ reserved: 0, moved_reserved: 0 });
  });

  test('reserve and release of the same order at once: nothing is held after both', async () => {
    const { id } = await shop.addProduct({ stock: 100 });
    const orders = Array.from({ length: 40 }, newOrder);
    const answers = await Promise.all(
      orders.map(async (order, n) => {
        const reserve = () => shop.reserve(order, [[id, 1]]);
        const release = () => shop.release(order);
        const [reserved, released] =
          n % 2 === 0 ? [reserve(), release()] : [release(), reserve()].toReversed();
        return [await reserved, await released] as const;
      }),
    );
    for (const [reserved, released] of answers) {
      expect([200, 409]).toContain(reserved?.status);
      expect(released?.status).toBe(204);
    }
    expect(await shop.stockOf(id)).toEqual({
      on_hand: 100,
      reserved: 0,
      moved_on_hand: 100,
      moved_reserved: 0,
    });
  });

  test('401 and 403', async () => {
    const path = `/reservations/${newOrder()}`;
    expect((await shop.internal(undefined, 'DELETE', path)).status).toBe(401);
    expect((await shop.internal('payments', 'DELETE', path)).status).toBe(403);
  });
});

describe('POST /internal/products/lookup', () => {
  const lookup = (ids: readonly string[]) =>
    shop.internal('cart', 'POST', '/products/lookup', { body: { product_ids: ids } });

  test('answers in the order of the ids, without those that are not on sale', async () => {
    const [a, b, gone] = [await shop.addProduct(), await shop.addProduct(), await shop.addProduct()];
    await shop.request('DELETE', `/products/${gone.id}`, { headers: await shop.staff() });
    const foreign = await shop.addProduct({}, shop.world.addTenant());
    const { status, body } = await lookup([b.id, gone.id, a.id, foreign.id, b.id, 'nothing']);
    expect(status).toBe(200);
    expect(body.data.map((one: { product_id: string }) => one.product_id)).toEqual([b.id, a.id]);
    expect(body.data[0]).toEqual({
      product_id: b.id,
      sku: b.sku,
      name: b.name,
      category: null,
      price_cents: 1299,
      currency: 'EUR',
      tax_rate_bps: 400,
      image_url: null,
      updated_at: b.updated_at,
      stock: 10,
    });
  });

  test('shows a reserve and a new price at once', async () => {
    const { id } = await shop.addProduct();
    await lookup([id]);
    await shop.reserve(newOrder(), [[id, 4]]);
    expect((await lookup([id])).body.data[0].stock).toBe(6);
    await shop.request('PATCH', `/products/${id}`, { headers: await shop.staff(), body: { price_cents: 5 } });
    expect((await lookup([id])).body.data[0].price_cents).toBe(5);
  });

  test('401, 403, 422', async () => {
    expect((await shop.internal(undefined, 'POST', '/products/lookup')).status).toBe(401);
    const body = { product_ids: ['a'] };
    expect((await shop.internal('orders', 'POST', '/products/lookup', { body })).status).toBe(403);
    expect((await lookup([])).status).toBe(422);
    expect((await lookup(Array.from({ length: 501 }, () => 'a'))).status).toBe(422);
  });
});
