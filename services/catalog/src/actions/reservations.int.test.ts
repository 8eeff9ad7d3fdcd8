import { newId, Problem } from '@zoco/kernel';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newOrder, openShop, type Shop } from '../../fixtures/shop.ts';
import type { Settlement } from '../rules/reservation.ts';
import { settleReservations } from './settle-reservations.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

const settle = (order: ReturnType<typeof newOrder>, settlement: Settlement) =>
  shop.world.db.transact(shop.tenant.id, (tx) =>
    settleReservations(tx, [{ orderId: order }], settlement, () => {}),
  );

type Step =
  | { readonly verb: 'reserve'; readonly order: number; readonly lines: readonly [number, number][] }
  | { readonly verb: Settlement; readonly order: number }
  | { readonly verb: 'adjust'; readonly product: number; readonly delta: number };

const ORDERS = 6;
const PRODUCTS = 3;
const order = fc.nat(ORDERS - 1);
const product = fc.nat(PRODUCTS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    verb: fc.constant('reserve' as const),
    order,
    lines: fc.array(fc.tuple(product, fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ verb: fc.constantFrom('commit' as const, 'release' as const, 'return' as const), order }),
  fc.record({
    verb: fc.constant('adjust' as const),
    product,
    delta: fc.integer({ min: -5, max: 5 }).filter((n) => n !== 0),
  }),
);

async function run(one: Step, orders: ReturnType<typeof newOrder>[], products: string[]): Promise<void> {
  const at = <T>(list: readonly T[], index: number): T => {
    const found = list[index];
    if (found === undefined) throw new RangeError('no such place');
    return found;
  };
  if (one.verb === 'adjust') {
    const body = { delta: one.delta, reason: 'test' };
    const path = `/products/${at(products, one.product)}/stock`;
    await shop.request('POST', path, { headers: await shop.staff(), body });
  } else if (one.verb === 'reserve') {
    const lines = one.lines.map(([index, quantity]) => [at(products, index), quantity] as const);
    await shop.reserve(at(orders, one.order), lines);
  } else {
    // What contradicts the state is refused; that is part of what is tested.
    await settle(at(orders, one.order), one.verb).catch((error: unknown) => {
      if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
    });
  }
}

/** reserved = Σ held, on hand and reserved = Σ moves, no event of stock is missing. */
async function expectInvariants(products: readonly string[]): Promise<void> {
  const rows = await shop.world.db.read(
    shop.tenant.id,
    (tx) => tx.sql<
      Record<
        'on_hand' | 'reserved' | 'version' | 'moved' | 'moved_reserved' | 'held' | 'sold' | 'events',
        number
      >[]
    >`
      select s.on_hand, s.reserved, s.version, m.moved, m.moved_reserved, coalesce(h.held, 0)::int as held,
        coalesce(h.committed, 0)::int as sold,
        (select count(*)::int from outbox where aggregate_id = s.product_id || '/stock') as events
      from stock s
      cross join lateral (
        select sum(on_hand_delta)::int as moved, sum(reserved_delta)::int as moved_reserved,
               sum(on_hand_delta) filter (where kind = 'adjust')::int as adjusted
        from stock_moves where product_id = s.product_id) m
      cross join lateral (
        select sum(l.quantity) filter (where r.state = 'held') as held,
               sum(l.quantity) filter (where r.state = 'committed') as committed
        from reservations r, jsonb_to_recordset(r.lines) as l(product_id text, quantity int)
        where l.product_id = s.product_id) h
      where s.product_id = any(${[...products]}::text[])
        and (m.moved <> s.on_hand or m.moved_reserved <> s.reserved or coalesce(h.held, 0) <> s.reserved
          or m.adjusted - coalesce(h.committed, 0) <> s.on_hand
          or s.version <> (select count(*) from outbox where aggregate_id = s.product_id || '/stock'))`,
  );
  expect(rows).toEqual([]);
}

const newProducts = async () => {
  const added = await Promise.all(Array.from({ length: PRODUCTS }, () => shop.addProduct({ stock: 6 })));
  return added.map(({ id }): string => id);
};

describe('whatever happens to orders and stock, the sums are right', () => {
  test('one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const [orders, products] = [Array.from({ length: ORDERS }, newOrder), await newProducts()];
        for (const one of steps) await run(one, orders, products);
        await expectInvariants(products);
      }),
      { numRuns: 25 },
    );
  });

  test('all at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const [orders, products] = [Array.from({ length: ORDERS }, newOrder), await newProducts()];
        await Promise.all(steps.map((one) => run(one, orders, products)));
        await expectInvariants(products);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the database refuses by itself', () => {
  test('more reserved than on hand, and less than nothing', async () => {
    const { id } = await shop.addProduct({ stock: 2 });
    const set = (onHand: number, reserved: number) =>
      shop.world.db.transact(
        shop.tenant.id,
        (tx) => tx.sql`update stock set on_hand = ${onHand}, reserved = ${reserved} where product_id = ${id}`,
      );
    await expect(set(2, 3)).rejects.toThrow('stock_on_hand');
    await expect(set(2, -1)).rejects.toThrow('stock_reserved');
    await expect(set(-1, -1)).rejects.toThrow(/stock_(reserved|on_hand)/);
  });

  test('every change of state that the rules do not know', async () => {
    const states = ['held', 'committed', 'released', 'returned'] as const;
    const took: string[] = [];
    for (const from of states) {
      for (const to of states.filter((state) => state !== from)) {
        const id = await reservationIn(from);
        const change = shop.world.db.transact(
          shop.tenant.id,
          (tx) => tx.sql`update reservations set state = ${to} where order_id = ${id}`,
        );
        const outcome = await change.then(
          () => 'taken',
          (error: { code?: string }) => error.code,
        );
        took.push(`${from} ${to} ${outcome}`);
      }
    }
    expect(took.filter((one) => !one.endsWith('ZC001'))).toEqual([
      'held committed taken',
      'held released taken',
      'committed returned taken',
    ]);
    expect(took).toHaveLength(12);
    for (const state of ['committed', 'returned']) {
      const insert = shop.world.db.transact(
        shop.tenant.id,
        (tx) => tx.sql`
          insert into reservations (tenant_id, order_id, state) values (${tx.tenantId}, ${newOrder()}, ${state})`,
      );
      await expect(insert).rejects.toMatchObject({ code: 'ZC001' });
    }
  });

  async function reservationIn(state: 'held' | 'committed' | 'released' | 'returned') {
    const { id: productId } = await shop.addProduct();
    const id = newOrder();
    await shop.reserve(id, [[productId, 1]]);
    if (state === 'released') await settle(id, 'release');
    if (state === 'committed' || state === 'returned') await settle(id, 'commit');
    if (state === 'returned') await settle(id, 'return');
    return id;
  }

  test('two moves of one kind for one order and product', async () => {
    const { id } = await shop.addProduct();
    const placed = newOrder();
    await shop.reserve(placed, [[id, 1]]);
    const again = shop.world.db.transact(
      shop.tenant.id,
      (tx) => tx.sql`
        insert into stock_moves (tenant_id, product_id, id, kind, on_hand_delta, reserved_delta, on_hand_after,
          reserved_after, reason, order_id)
        values (${tx.tenantId}, ${id}, ${newId('stockMove')}, 'reserve', 0, 1, 10, 2, 'again', ${placed})`,
    );
    await expect(again).rejects.toMatchObject({ constraint_name: 'stock_moves_order' });
  });
});
