import { createHash } from 'node:crypto';
import {
  customerUpdated,
  exampleBankAccount,
  type EventData,
  type EventDefinition,
  orderCanceled,
  orderConfirmed,
  paymentRefunded,
  type TenantSettings,
} from '@zoco/contracts';
import type { EventHandler } from '@zoco/events';
import { canonicalJson, newId } from '@zoco/kernel';
import { connect } from '@zoco/postgres';
import { createTestWorld, readPdf, type TestWorld } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInvoicingApp } from './app.ts';
import { handlers } from './consumers/index.ts';

let world: TestWorld;
let app: ReturnType<typeof createInvoicingApp>;
let consumers: EventHandler[];
beforeAll(async () => {
  world = await createTestWorld({
    service: 'invoicing',
    migrations: new URL('../migrations/', import.meta.url),
  });
  app = createInvoicingApp({
    ...world,
    config: { SERVICE_VERSION: 'test', REQUESTS_IN_FLIGHT_MAX: Infinity },
  });
  consumers = handlers(
    (id) => world.tenants.get(id),
    () => {},
  );
});
afterAll(() => world[Symbol.asyncDispose]());

/** Handles an event as the consumer runner does: parsed, in one transaction. */
async function deliver<E extends EventDefinition>(tenant: TenantSettings, event: E, data: EventData<E>) {
  const handler = consumers.find((one) => one.event === event);
  await world.db.transact(tenant.id, async (tx) => {
    const parsed = event.data.parse(data);
    await handler?.handle(tx, {
      id: newId('event'),
      tenantId: tenant.id,
      aggregateId: 'x',
      version: 1,
      time: new Date(),
      data: parsed,
    });
  });
}

type Order = EventData<typeof orderConfirmed>;
const orderOf = (overrides: Partial<Order> = {}): Order => ({
  ...orderConfirmed.data.parse(orderConfirmed.example),
  order_id: newId('order'),
  user_id: newId('user'),
  ...overrides,
});
const refundOf = (order: Order, cents: number): EventData<typeof paymentRefunded> => ({
  ...paymentRefunded.data.parse(paymentRefunded.example),
  order_id: order.order_id,
  refund_id: newId('refund'),
  refund_cents: cents,
});
const cancelOf = (order: Order, wasConfirmed = true): EventData<typeof orderCanceled> => ({
  ...orderCanceled.data.parse(orderCanceled.example),
  order_id: order.order_id,
  was_confirmed: wasConfirmed,
});

interface Row {
  kind: string;
  number: string;
  total_cents: string;
  sha256: string;
  snapshot: Record<string, unknown>;
}
const documentsOf = (tenant: TenantSettings) =>
  world.db.read(
    tenant.id,
    (tx) =>
      tx.sql<
        Row[]
      >`select kind, number, total_cents, sha256, snapshot from documents order by kind desc, sequence`,
  );
const summary = async (tenant: TenantSettings) =>
  (await documentsOf(tenant)).map((row) => [row.kind, Number(row.total_cents)]);

async function get(
  path: string,
  tenant: TenantSettings,
  userId?: string,
  role: 'customer' | 'staff' = 'customer',
) {
  const headers = await world.bearer({
    tenantId: tenant.id,
    roles: [role],
    ...(userId === undefined ? {} : { userId }),
  });
  return app.request(path, { headers });
}

describe('order.confirmed', () => {
  test('issues one invoice, however often it comes, and announces it', async () => {
    const tenant = world.addTenant();
    const order = orderOf();
    await Promise.all([1, 2, 3].map(() => deliver(tenant, orderConfirmed, order)));
    expect(await summary(tenant)).toEqual([['invoice', order.total_cents]]);
    const events = await world.db.read(tenant.id, (tx) => tx.sql`select type, data from outbox`);
    expect(events).toMatchObject([
      { type: 'invoice.issued', data: { order_id: order.order_id, total_cents: order.total_cents } },
    ]);
  });

  test('numbers run 1..N without a gap under concurrency and rollbacks', async () => {
    const tenant = world.addTenant();
    const issue = consumers.find(({ event }) => event === orderConfirmed);
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const order = orderOf();
        if (index % 3 !== 0) return deliver(tenant, orderConfirmed, order);
        const failing = world.db.transact(tenant.id, async (tx) => {
          await issue?.handle(tx, {
            id: newId('event'),
            tenantId: tenant.id,
            aggregateId: 'x',
            version: 1,
            time: new Date(),
            data: order,
          });
          throw new Error('rolled back');
        });
        await expect(failing).rejects.toThrow('rolled back');
      }),
    );
    const numbers = (await documentsOf(tenant)).map(({ number }) => Number(number.split('-').at(-1)));
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('the snapshot is what its hash says, and neither role can change it', async () => {
    const tenant = world.addTenant();
    await deliver(tenant, orderConfirmed, orderOf());
    const [row] = await documentsOf(tenant);
    expect(createHash('sha256').update(canonicalJson(row?.snapshot)).digest('hex')).toBe(row?.sha256);
    const change = world.db.transact(tenant.id, (tx) => tx.sql`update documents set number = 'X'`);
    await expect(change).rejects.toThrow(/permission denied/);
    const remove = world.db.transact(tenant.id, (tx) => tx.sql`delete from documents`);
    await expect(remove).rejects.toThrow(/permission denied/);
    // Not even the owner of the database, who has every right.
    const owner = connect({ url: world.database.urls.ownerUrl, applicationName: 'test', poolMax: 1 });
    const asOwner = (statement: 'update' | 'delete' | 'truncate') =>
      owner.begin(async (sql) => {
        await sql`alter table documents no force row level security`;
        if (statement === 'update') return sql`update documents set total_cents = 1`;
        if (statement === 'delete') return sql`delete from documents`;
        return sql`truncate documents`;
      });
    await expect(asOwner('update')).rejects.toThrow(/cannot be changed/);
    await expect(asOwner('delete')).rejects.toThrow(/cannot be changed/);
    await expect(asOwner('truncate')).rejects.toThrow(/cannot be changed/);
    await owner.end();
    expect(await documentsOf(tenant)).toEqual([row]);
  });

  test('dates never run against numbers, however long one waited for its number', async () => {
    const tenant = world.addTenant();
    const issue = consumers.find(({ event }) => event === orderConfirmed);
    const { promise: others, resolve } = Promise.withResolvers<void>();
    // Begins first, is numbered last.
    const slow = world.db.transact(tenant.id, async (tx) => {
      await tx.sql`select 1`;
      await others;
      await issue?.handle(tx, {
        id: newId('event'),
        tenantId: tenant.id,
        aggregateId: 'x',
        version: 1,
        time: new Date(),
        data: orderOf(),
      });
    });
    for (let n = 0; n < 3; n += 1) await deliver(tenant, orderConfirmed, orderOf());
    resolve();
    await slow;
    const times = (await documentsOf(tenant)).map(({ snapshot }) => String(snapshot['issued_at']));
    expect(times).toHaveLength(4);
    expect(times).toEqual(times.toSorted());
  });

  test.each([
    ['Pacific/Kiritimati', 14],
    ['Pacific/Pago_Pago', -11],
  ])('the day and the year are those of the tenant, in %s', async (time_zone, hours) => {
    const tenant = world.addTenant({ time_zone });
    await deliver(tenant, orderConfirmed, orderOf());
    const [row] = await documentsOf(tenant);
    const issuedAt = new Date(String(row?.snapshot['issued_at']));
    const day = new Date(issuedAt.getTime() + hours * 3_600_000).toISOString().slice(0, 10);
    expect(row?.snapshot['issued_on']).toBe(day);
    expect(row?.number).toBe(`INV-${day.slice(0, 4)}-000001`);
  });

  test('each tenant and each kind counts for itself', async () => {
    const [tenant, other] = [world.addTenant(), world.addTenant()];
    const order = orderOf();
    await deliver(tenant, orderConfirmed, order);
    await deliver(other, orderConfirmed, orderOf());
    await deliver(tenant, paymentRefunded, refundOf(order, 1));
    const numbers = [...(await documentsOf(tenant)), ...(await documentsOf(other))].map(
      ({ number }) => number,
    );
    expect(numbers.map((number) => number.replace(/-\d{4}-/, '-'))).toEqual([
      'INV-000001',
      'CN-000001',
      'INV-000001',
    ]);
  });

  test('takes newer data of the customer, and terms make it due', async () => {
    const tenant = world.addTenant();
    const customer = { ...customerUpdated.data.parse(customerUpdated.example), id: newId('customer') };
    await deliver(tenant, customerUpdated, { ...customer, name: 'New Name Ltd', version: 5 });
    await deliver(tenant, customerUpdated, { ...customer, name: 'Old Name Ltd', version: 4 });
    await deliver(
      tenant,
      orderConfirmed,
      orderOf({ customer, payment_status: 'unpaid', payment_terms_days: 30, payment_method: 'on_account' }),
    );
    const [row] = await documentsOf(tenant);
    expect(row?.snapshot).toMatchObject({
      buyer: { name: 'New Name Ltd' },
      payment: { paid: false, terms_days: 30, pay_to: exampleBankAccount },
    });
  });
});

describe('corrections', () => {
  test('each refund gets its credit note, once, and never more than the invoice', async () => {
    const tenant = world.addTenant();
    const order = orderOf();
    await deliver(tenant, orderConfirmed, order);
    const first = refundOf(order, 1000);
    await deliver(tenant, paymentRefunded, first);
    await deliver(tenant, paymentRefunded, first);
    await deliver(tenant, paymentRefunded, refundOf(order, order.total_cents));
    await deliver(tenant, paymentRefunded, refundOf(order, 1));
    expect(await summary(tenant)).toEqual([
      ['invoice', order.total_cents],
      ['credit_note', 1000],
      ['credit_note', order.total_cents - 1000],
    ]);
  });

  test.each(['refund first', 'cancellation first'])('%s: one credit note for both', async (order) => {
    const tenant = world.addTenant();
    const placed = orderOf();
    await deliver(tenant, orderConfirmed, placed);
    const events = [
      () => deliver(tenant, paymentRefunded, refundOf(placed, placed.total_cents)),
      () => deliver(tenant, orderCanceled, cancelOf(placed)),
    ];
    for (const event of order === 'refund first' ? events : events.toReversed()) await event();
    expect(await summary(tenant)).toEqual([
      ['invoice', placed.total_cents],
      ['credit_note', placed.total_cents],
    ]);
  });

  test('a refund that comes before its invoice, or at the same time, is applied', async () => {
    const tenant = world.addTenant();
    for (let round = 0; round < 5; round += 1) {
      const order = orderOf();
      await Promise.all([
        deliver(tenant, paymentRefunded, refundOf(order, order.total_cents)),
        deliver(tenant, orderConfirmed, order),
      ]);
    }
    const kinds = (await summary(tenant)).map(([kind]) => kind);
    expect(kinds.filter((kind) => kind === 'credit_note')).toHaveLength(5);
    expect(kinds.filter((kind) => kind === 'invoice')).toHaveLength(5);
  });

  test('the cancellation of an order on account that was never paid credits all of it, and says so', async () => {
    const tenant = world.addTenant();
    const order = orderOf({ payment_method: 'on_account', payment_status: 'unpaid', payment_terms_days: 30 });
    await deliver(tenant, orderConfirmed, order);
    await deliver(tenant, orderCanceled, cancelOf(order));
    await deliver(tenant, orderCanceled, cancelOf(order));
    await deliver(tenant, paymentRefunded, refundOf(order, order.total_cents));
    const [invoice, note, ...more] = await documentsOf(tenant);
    expect(more).toEqual([]);
    expect(note?.snapshot).toMatchObject({
      kind: 'credit_note',
      total_cents: order.total_cents,
      corrects: { number: invoice?.number, reason: 'buyer_request' },
    });
    const events = await world.db.read(
      tenant.id,
      (tx) => tx.sql`select data from outbox where type = 'credit_note.issued'`,
    );
    expect(events).toMatchObject([{ data: { order_id: order.order_id, refund_id: null } }]);
  });

  test('a refund of an order that is never confirmed, a late capture for one, waits and harms nobody', async () => {
    const tenant = world.addTenant();
    const order = orderOf();
    await deliver(tenant, paymentRefunded, refundOf(order, order.total_cents));
    expect(await summary(tenant)).toEqual([]);
  });

  test('an order that was never confirmed has nothing to credit', async () => {
    const tenant = world.addTenant();
    await deliver(tenant, orderCanceled, cancelOf(orderOf(), false));
    expect(await summary(tenant)).toEqual([]);
  });
});

describe('GET /invoices', () => {
  test('200: a buyer sees his own, staff see all, pages follow the cursor', async () => {
    const tenant = world.addTenant();
    const orders = [orderOf(), orderOf(), orderOf()];
    for (const order of orders) await deliver(tenant, orderConfirmed, order);
    const mine = await get('/api/v1/invoices', tenant, orders[0]?.user_id ?? '');
    expect(await mine.json()).toMatchObject({ data: [{ order_id: orders[0]?.order_id }], next_cursor: null });
    const first = (await (await get('/api/v1/invoices?limit=2', tenant, undefined, 'staff')).json()) as {
      data: unknown[];
      next_cursor: string;
    };
    expect(first.data).toHaveLength(2);
    const next = await get(
      `/api/v1/invoices?limit=2&cursor=${first.next_cursor}`,
      tenant,
      undefined,
      'staff',
    );
    expect(await next.json()).toMatchObject({ data: [{ order_id: orders[0]?.order_id }], next_cursor: null });
    const tampered = await get(
      `/api/v1/invoices?order_id=x&cursor=${first.next_cursor}`,
      tenant,
      undefined,
      'staff',
    );
    expect(tampered.status).toBe(422);
  });

  test('200: a list says what a document says of itself, and leaves its lines in the database', async () => {
    const tenant = world.addTenant();
    await deliver(tenant, orderConfirmed, orderOf());
    await world.db.transact(
      tenant.id,
      (tx) => tx.sql`
        insert into documents (tenant_id, id, kind, series, year, sequence, number, order_id, source_key, currency, total_cents,
                               issued_at, snapshot, sha256)
        select tenant_id, ${newId('invoice')}, kind, series, year, 2, 'INV-2', order_id || 'x', source_key || 'x', currency,
               total_cents, issued_at, snapshot - 'lines', sha256
        from documents`,
    );
    const list = await get('/api/v1/invoices', tenant, undefined, 'staff');
    const [unreadable, invoice] = ((await list.json()) as { data: { id: string }[] }).data;
    expect(unreadable).toMatchObject({ number: 'INV-2' });
    const detail = await get(`/api/v1/invoices/${invoice?.id}`, tenant, undefined, 'staff');
    const { document, ...head } = (await detail.json()) as { document: Record<string, unknown> };
    expect(invoice).toEqual(head);
    const { currency, net_cents, tax_cents, total_cents, tax_summary } = document;
    expect(invoice).toMatchObject({ currency, net_cents, tax_cents, total_cents, tax_summary });
  });

  test('401 without a token', async () => {
    expect((await app.request('/api/v1/invoices')).status).toBe(401);
  });
});

describe('GET /invoices/{id} and its PDF', () => {
  test('200 for the buyer and staff; 404, the same as missing, for others and other tenants', async () => {
    const [tenant, other] = [world.addTenant(), world.addTenant()];
    const order = orderOf();
    await deliver(tenant, orderConfirmed, order);
    const list = await get(`/api/v1/invoices?order_id=${order.order_id}`, tenant, undefined, 'staff');
    const id = ((await list.json()) as { data: { id: string }[] }).data[0]?.id;
    for (const suffix of ['', '/pdf']) {
      const path = `/api/v1/invoices/${id}${suffix}`;
      expect((await get(path, tenant, order.user_id ?? '')).status).toBe(200);
      expect((await get(path, tenant, undefined, 'staff')).status).toBe(200);
      const missing = (await (await get(`/api/v1/invoices/inv_none${suffix}`, tenant)).json()) as {
        code: string;
      };
      for (const answer of [await get(path, tenant), await get(path, other, undefined, 'staff')]) {
        expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
          404,
          missing.code,
        ]);
      }
      expect((await app.request(path)).status).toBe(401);
    }
    const pdf = await get(`/api/v1/invoices/${id}/pdf`, tenant, undefined, 'staff');
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    const bytes = Buffer.from(await pdf.arrayBuffer());
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
    const again = Buffer.from(
      await (await get(`/api/v1/invoices/${id}/pdf`, tenant, undefined, 'staff')).arrayBuffer(),
    );
    expect(again.equals(bytes)).toBe(true);
  });
});

test('403 for an API key without the scope, on every route', async () => {
  const tenant = world.addTenant();
  const headers = await world.bearer({
    tenantId: tenant.id,
    userId: newId('apiKey'),
    scope: 'orders:read',
    roles: ['staff'],
  });
  const json = { ...headers, 'content-type': 'application/json' };
  const answers = await Promise.all([
    app.request('/api/v1/invoices', { headers }),
    app.request('/api/v1/invoices/inv_none', { headers }),
    app.request('/api/v1/invoices/inv_none/pdf', { headers }),
    app.request('/api/v1/invoices', { method: 'POST', headers: json, body: '{"order_id":"x"}' }),
    app.request('/api/v1/bill/generate', { method: 'POST', headers: json, body: '{"order_id":"x"}' }),
  ]);
  for (const answer of answers) {
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'scope_missing']);
  }
});

test('a list can be of one customer, and refuses what it does not know', async () => {
  const tenant = world.addTenant();
  const customer = { ...customerUpdated.data.parse(customerUpdated.example), id: newId('customer') };
  const order = orderOf({ customer, user_id: null });
  await deliver(tenant, orderConfirmed, order);
  await deliver(tenant, orderConfirmed, orderOf());
  const found = await get(`/api/v1/invoices?customer_id=${customer.id}`, tenant, undefined, 'staff');
  expect(await found.json()).toMatchObject({ data: [{ order_id: order.order_id }], next_cursor: null });
  for (const query of ['limit=0', 'limit=101', 'cursor=nonsense', 'color=red']) {
    expect((await get(`/api/v1/invoices?${query}`, tenant, undefined, 'staff')).status).toBe(422);
  }
});

test.each(['paid', 'unpaid'] as const)(
  'a PDF that the client has is not sent again; its attachment has its hash: %s',
  async (payment_status) => {
    const tenant = world.addTenant();
    const order = orderOf({ payment_status });
    await deliver(tenant, orderConfirmed, order);
    const list = await get(`/api/v1/invoices?order_id=${order.order_id}`, tenant, undefined, 'staff');
    const [invoice] = ((await list.json()) as { data: { id: string; sha256: string }[] }).data;
    const headers = await world.bearer({ tenantId: tenant.id, userId: order.user_id ?? '' });
    const path = `/api/v1/invoices/${invoice?.id}/pdf`;
    const pdf = await app.request(path, { headers });
    const etag = pdf.headers.get('etag') ?? '';
    const again = await app.request(path, { headers: { ...headers, 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const file = readPdf(Buffer.from(await pdf.arrayBuffer()));
    const attached = [...file.objects.values()].find(({ dictionary }) =>
      dictionary.includes('/Type /EmbeddedFile'),
    );
    const hash = createHash('sha256')
      .update(attached?.stream ?? '')
      .digest('hex');
    expect(hash).toBe(invoice?.sha256);
  },
);

describe.each(['/api/v1/invoices', '/api/v1/bill/generate'])('POST %s', (path) => {
  const post = async (tenant: TenantSettings, body: unknown, userId: string) =>
    app.request(path, {
      method: 'POST',
      headers: {
        ...(await world.bearer({ tenantId: tenant.id, userId })),
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });

  test('200 gives the invoice, as often as asked; 404 before there is one and to others; 422 names the field; 401', async () => {
    const tenant = world.addTenant();
    const order = orderOf();
    const buyer = order.user_id ?? '';
    expect((await post(tenant, { order_id: order.order_id }, buyer)).status).toBe(404);
    await deliver(tenant, orderConfirmed, order);
    const first = await (await post(tenant, { order_id: order.order_id }, buyer)).json();
    expect(first).toMatchObject({ number: expect.stringMatching(/^INV-\d{4}-000001$/) });
    expect(await (await post(tenant, { order_id: order.order_id }, buyer)).json()).toEqual(first);
    expect((await post(tenant, { order_id: order.order_id }, newId('user'))).status).toBe(404);
    const invalid = await post(tenant, { order_id: 7, more: 1 }, buyer);
    expect([invalid.status, await invalid.json()]).toMatchObject([
      422,
      { errors: [{ field: 'order_id' }, { field: 'more' }] },
    ]);
    expect((await app.request(path, { method: 'POST' })).status).toBe(401);
  });
});
