import { createHash } from 'node:crypto';
import { type EventData, orderConfirmed, type TenantSettings } from '@zoco/contracts';
import { canonicalJson, newId } from '@zoco/kernel';
import { createTestWorld, type TestWorld } from '@zoco/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyCorrection } from './apply-correction.ts';
import { issueInvoices } from './issue-invoices.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await createTestWorld({
    service: 'invoicing',
    migrations: new URL('../../migrations/', import.meta.url),
  });
});
afterAll(() => world[Symbol.asyncDispose]());

type Order = EventData<typeof orderConfirmed>;
const orderOf = (overrides: Partial<Order> = {}): Order => ({
  ...orderConfirmed.data.parse(orderConfirmed.example),
  order_id: newId('order'),
  ...overrides,
});

/** In one transaction, as the consumer does with those that come together. */
const issue = (tenant: TenantSettings, orders: readonly Order[]) =>
  world.db.transact(tenant.id, (tx) =>
    issueInvoices(
      tx,
      tenant,
      orders.map((data) => ({
        id: newId('event'),
        tenantId: tenant.id,
        aggregateId: data.order_id,
        version: 1,
        time: new Date(),
        data,
      })),
    ),
  );

interface Row {
  readonly kind: string;
  readonly number: string;
  readonly sha256: string;
  readonly order_id: string;
  readonly snapshot: { readonly payment: { due_on: string | null; terms_days: number | null } };
}
const documentsOf = (tenant: TenantSettings) =>
  world.db.read(
    tenant.id,
    (tx) => tx.sql<Row[]>`
      select kind, number, sha256, order_id, snapshot from documents order by kind desc, sequence`,
  );

test('many at once get one invoice each, numbered in a row; terms and corrections stay with their order', async () => {
  const tenant = world.addTenant();
  const [known, onTerms, corrected, plain] = [
    orderOf(),
    orderOf({ payment_status: 'unpaid', payment_method: 'on_account', payment_terms_days: 30 }),
    orderOf(),
    orderOf(),
  ];
  await issue(tenant, [known]);
  await world.db.transact(tenant.id, (tx) =>
    applyCorrection(tx, tenant, {
      orderId: corrected.order_id,
      sourceKey: `refund:${newId('refund')}`,
      refundId: newId('refund'),
      amountCents: 100,
      reason: 'goodwill',
    }),
  );
  await issue(tenant, [known, onTerms, corrected, plain]);
  const documents = await documentsOf(tenant);
  expect(documents.map(({ kind, number, order_id: id }) => [kind, number.slice(-6), id])).toEqual([
    ['invoice', '000001', known.order_id],
    ['invoice', '000002', onTerms.order_id],
    ['invoice', '000003', corrected.order_id],
    ['invoice', '000004', plain.order_id],
    ['credit_note', '000001', corrected.order_id],
  ]);
  const payments = documents.map(({ snapshot }) => snapshot.payment);
  expect(payments.map(({ terms_days: days }) => days)).toEqual([null, 30, null, null, null]);
  expect(payments.map(({ due_on: on }) => on !== null)).toEqual([false, true, false, false, false]);
  for (const { snapshot, sha256 } of documents)
    expect(createHash('sha256').update(canonicalJson(snapshot)).digest('hex')).toBe(sha256);
});

test('batches that race give each order one invoice, and numbers have no gap', async () => {
  const tenant = world.addTenant();
  const orders = Array.from({ length: 12 }, () => orderOf());
  await Promise.all([
    issue(tenant, orders),
    issue(tenant, orders.toReversed()),
    issue(tenant, orders.slice(4)),
  ]);
  const numbers = (await documentsOf(tenant)).map(({ number }) => Number(number.slice(-6)));
  expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
});

test.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Europe/Madrid', 'UTC'])(
  'what is due is due until the end of the day, in %s',
  async (time_zone) => {
    const tenant = world.addTenant({ time_zone });
    await issue(tenant, [orderOf({ payment_status: 'unpaid', payment_terms_days: 30 })]);
    const [row] = await world.db.read(
      tenant.id,
      (tx) => tx.sql<{ due_on: string; due_at: string; said: string }[]>`
        select snapshot->'payment'->>'due_on' as due_on, due_at, o.data->>'due_at' as said
        from documents, outbox o where o.type = 'invoice.issued'`,
    );
    const said = new Date(row?.said ?? '');
    // Sweden writes days as ISO does.
    const local = new Intl.DateTimeFormat('sv-SE', {
      timeZone: time_zone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    expect(local.format(said)).toBe(`${row?.due_on} 23:59:59`);
    expect(new Date(row?.due_at ?? '')).toEqual(said);
  },
);
