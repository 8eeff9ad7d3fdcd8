import {
  orderStatus,
  type OrderStatus,
  paymentFailed,
  paymentRefunded,
  paymentSucceeded,
} from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import { connect, type Sql } from '@zoco/postgres';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShop, type Shop, uniqueKey } from '../fixtures/shop.ts';
import { expireOrder } from './actions/expire-order.ts';
import { canBecome } from './rules/order.ts';

let shop: Shop;
let buyer: { headers: Record<string, string> };
let staff: { headers: Record<string, string> };
let runtime: Sql;
beforeAll(async () => {
  shop = await openShop({ ORDERS_OPEN_MAX: 100_000 });
  [buyer, staff] = await Promise.all([shop.addBuyer(), shop.addStaff()]);
  runtime = connect({ url: shop.world.database.urls.runtimeUrl, applicationName: 'test', poolMax: 1 });
});
afterAll(async () => {
  await runtime.end();
  await shop[Symbol.asyncDispose]();
});

const placeOne = (method = 'card') =>
  shop.place(buyer.headers, {
    items: [{ product_id: shop.addProduct().id, quantity: 1 }],
    payment_method: method,
  });

describe('the database guards the table of states', () => {
  /** Brings an order into a status along legal edges. */
  const PATHS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
    pending: [],
    rejected: ['rejected'],
    created: ['created'],
    confirmed: ['created', 'confirmed'],
    cancel_pending: ['created', 'confirmed', 'cancel_pending'],
    canceled: ['created', 'canceled'],
    expired: ['created', 'expired'],
    shipped: ['created', 'confirmed', 'shipped'],
    delivered: ['created', 'confirmed', 'shipped', 'delivered'],
  };
  const pairs = orderStatus.options.flatMap((from) =>
    orderStatus.options.filter((to) => to !== from).map((to) => [from, to] as const),
  );

  const insert = (status = 'pending', version = 1) => {
    const id = newId('order');
    return shop.world.db.transact(shop.tenant.id, async (tx) => {
      await tx.sql`
        insert into orders (tenant_id, id, number, placed_by, status, payment_method, currency, locale, prices_include_tax,
                            changed_by, version)
        values (${shop.tenant.id}, ${id}, ${id}, 'test', ${status}, 'card', 'EUR', 'es-ES', true, 'test', ${version})`;
      return id;
    });
  };
  const move = (id: string, status: OrderStatus, by = 1) =>
    shop.world.db.transact(
      shop.tenant.id,
      (tx) => tx.sql`update orders set status = ${status}, version = version + ${by} where id = ${id}`,
    );

  const orderIn = async (status: OrderStatus) => {
    const id = await insert();
    for (const step of PATHS[status]) await move(id, step);
    return id;
  };

  test.each(pairs.filter(([from, to]) => canBecome(from, to)))(
    '%s may become %s, as rules/order.ts says',
    async (from, to) => {
      const id = await orderIn(from);
      await move(id, to);
      expect((await shop.getOrder(id)).status).toBe(to);
    },
  );

  test.each(pairs.filter(([from, to]) => !canBecome(from, to)))('%s cannot become %s', async (from, to) => {
    const id = await orderIn(from);
    await expect(move(id, to)).rejects.toMatchObject({ code: 'ZC001' });
    expect((await shop.getOrder(id)).status).toBe(from);
  });

  test('an order begins as pending and nothing else', async () => {
    await expect(insert('created')).rejects.toMatchObject({ code: 'ZC001' });
    await expect(insert('pending', 2)).rejects.toMatchObject({ code: 'ZC001' });
  });

  test('a change raises the version by one, and only the lease of the sweeper is no change', async () => {
    const id = await insert();
    await expect(move(id, 'created', 0)).rejects.toMatchObject({ code: 'ZC002' });
    await expect(move(id, 'created', 2)).rejects.toMatchObject({ code: 'ZC002' });
    const touch = shop.world.db.transact(
      shop.tenant.id,
      (tx) => tx.sql`update orders set due_at = now() where id = ${id}`,
    );
    await expect(touch).resolves.toBeDefined();
    expect(await shop.transitionsOf(id)).toHaveLength(1);
  });

  test('what a created order costs, and its lines and history, can neither be changed nor removed', async () => {
    const { id } = await placeOne();
    const run = (statement: (sql: Sql) => Promise<unknown>) =>
      runtime.begin(async (tx) => {
        await tx`select set_config('app.tenant_id', ${shop.tenant.id}, true)`;
        await statement(tx as unknown as Sql);
      });
    const cheaper = run(
      (sql) => sql`
      update orders set subtotal_cents = 1, total_cents = 351, version = version + 1 where id = ${id}`,
    );
    await expect(cheaper).rejects.toMatchObject({ code: 'ZC003' });
    // The role of the service has no right to it in the first place.
    for (const attempt of [
      run((sql) => sql`update order_lines set quantity = 2 where order_id = ${id}`),
      run((sql) => sql`delete from order_transitions where order_id = ${id}`),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: '42501' });
    }
    await expect(run((sql) => sql`delete from orders where id = ${id}`)).rejects.toMatchObject({
      code: 'ZC004',
    });
  });
});

/** What the order should be, told in plain words beside the real one. */
interface Model {
  status: OrderStatus;
  payment: 'unpaid' | 'pending' | 'paid' | 'partially_refunded' | 'refunded';
  version: number;
  events: string[];
}

type Command =
  | 'decline'
  | 'capture'
  | 'refund half'
  | 'refund all'
  | 'cancel'
  | 'ship'
  | 'deliver'
  | 'expire';
const COMMANDS: readonly Command[] = [
  'decline',
  'capture',
  'refund half',
  'refund all',
  'cancel',
  'ship',
  'deliver',
  'expire',
];

describe('whatever happens to a card order, in whatever order', () => {
  test('it is what the model says, its history has no gap, and it costs what it cost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...COMMANDS), { maxLength: 12 }), async (commands) => {
        const order = await placeOne();
        const model: Model = { status: 'created', payment: 'pending', version: 2, events: ['order.created'] };
        const payment = createPayment(order);
        for (const command of commands) {
          await payment.act(command);
          advance(model, command);
          expect(await shop.getOrder(order.id)).toEqual({
            status: model.status,
            payment_status: model.payment,
            version: model.version,
          });
        }
        const events = await shop.eventsOf(order.id);
        expect(events.map(({ type }) => type)).toEqual(model.events);
        const transitions = await shop.transitionsOf(order.id);
        expect(transitions.map(({ version }) => version)).toEqual(
          Array.from({ length: model.version }, (_, index) => index + 1),
        );
        for (const { from_status: from, to_status: to } of transitions) {
          const isLegal = from === null || from === to || canBecome(from as OrderStatus, to as OrderStatus);
          expect(isLegal, `${from} → ${to}`).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  /** Payments as orders hears of it: each thing happens once to money, and versions rise. */
  function createPayment(order: { id: string; total_cents: number }) {
    let version = 0;
    let captured = false;
    let refunded = 0;
    const reference = {
      payment_id: newId('payment'),
      order_id: order.id,
      amount_cents: order.total_cents,
      currency: 'EUR',
      method: 'card',
    };
    async function refund(total: number): Promise<void> {
      if (!captured || total <= refunded) return;
      const at = '2026-11-22T10:20:01.000Z';
      const more = {
        refund_id: newId('refund'),
        refund_cents: total - refunded,
        reason: 'test',
        refunded_at: at,
      };
      refunded = total;
      await shop.deliver(
        paymentRefunded,
        { ...reference, ...more, refunded_total_cents: total },
        (version += 1),
      );
    }
    async function act(command: Command): Promise<void> {
      if (command === 'decline' && !captured) {
        const decline = { attempt: 1, code: 'card_declined', detail: 'Declined.' };
        await shop.deliver(paymentFailed, { ...reference, ...decline }, (version += 1));
      }
      if (command === 'capture' && !captured) {
        captured = true;
        const at = '2026-11-22T10:15:01.000Z';
        await shop.deliver(paymentSucceeded, { ...reference, succeeded_at: at }, (version += 1));
      }
      if (command === 'refund half') await refund(Math.floor(order.total_cents / 2));
      if (command === 'refund all') await refund(order.total_cents);
      if (command === 'expire') {
        await makeLate(order.id);
        await expireOrder(shop.world.db, shop.deps, {
          tenantId: shop.tenant.id,
          id: order.id as never,
          paymentMethod: 'card',
        });
      }
      if (command === 'cancel' || command === 'ship' || command === 'deliver') {
        const { headers } = command === 'cancel' ? buyer : staff;
        await shop.request('POST', `/api/v1/orders/${order.id}/${command}`, {
          headers: { ...headers, 'idempotency-key': uniqueKey() },
        });
      }
    }
    return { act };
  }

  /** The owner of the database may what the service may not: let time pass without a version. */
  async function makeLate(id: string): Promise<void> {
    const sql = connect({ url: shop.world.database.urls.ownerUrl, applicationName: 'test', poolMax: 1 });
    await sql.begin(async (tx) => {
      await tx`alter table orders no force row level security`;
      await tx`alter table orders disable trigger guard_order`;
      await tx`update orders set expires_at = now() - interval '1 second' where id = ${id} and status = 'created'`;
      await tx`alter table orders enable trigger guard_order`;
      await tx`alter table orders force row level security`;
    });
    await sql.end();
  }

  function advance(model: Model, command: Command): void {
    const isRefundable = ['paid', 'partially_refunded'].includes(model.payment);
    const step = (status: OrderStatus, event: string) => {
      Object.assign(model, { status, version: model.version + 1 });
      model.events.push(event);
    };
    const pay = (payment: Model['payment']) => Object.assign(model, { payment, version: model.version + 1 });
    const waits = model.payment === 'unpaid' || model.payment === 'pending';
    switch (command) {
      case 'decline':
        if (model.status === 'created' && waits) pay('unpaid');
        break;
      case 'capture':
        if (!waits) break;
        model.payment = 'paid';
        if (model.status === 'created') step('confirmed', 'order.confirmed');
        else step(model.status, 'order.cancel_requested');
        break;
      case 'refund half':
        if (model.payment !== 'paid') break;
        model.payment = 'partially_refunded';
        step(model.status, 'order.refunded');
        break;
      case 'refund all':
        if (!isRefundable) break;
        model.payment = 'refunded';
        step(model.status, 'order.refunded');
        if (model.status === 'cancel_pending') step('canceled', 'order.canceled');
        break;
      case 'cancel':
        if (model.status === 'created') step('canceled', 'order.canceled');
        else if (model.status === 'confirmed') {
          step('cancel_pending', 'order.cancel_requested');
          if (model.payment === 'refunded') step('canceled', 'order.canceled');
        }
        break;
      case 'ship':
        if (model.status === 'confirmed') step('shipped', 'order.shipped');
        break;
      case 'deliver':
        if (model.status === 'shipped') step('delivered', 'order.delivered');
        break;
      case 'expire':
        if (model.status === 'created') step('expired', 'order.expired');
        break;
      default:
        throw new Error('no such command');
    }
  }
});
