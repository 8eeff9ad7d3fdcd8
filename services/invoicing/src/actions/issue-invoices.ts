import {
  customerSnapshot,
  type CustomerSnapshot,
  type orderConfirmed,
  type TenantSettings,
} from '@zoco/contracts';
import type { Received } from '@zoco/events';
import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { invoiceDraft } from '../rules/invoice.ts';
import { applyCorrection, type Correction } from './apply-correction.ts';
import { issueDocuments, type NewDocument } from './issue-documents.ts';
import { lockOrders } from './lock-orders.ts';

type Confirmed = Received<typeof orderConfirmed>;

/** Issues the invoices of confirmed orders, once each; then applies corrections that came before them. */
export async function issueInvoices(
  tx: Tx,
  tenant: TenantSettings,
  confirmed: readonly Confirmed[],
): Promise<void> {
  const orderIds = confirmed.map(({ data }) => data.order_id);
  const customerIds = confirmed.flatMap(({ data }) => (data.customer === null ? [] : [data.customer.id]));
  // One round trip: the statements run in this order, so all of them see what the locks waited for.
  const [documents, early, customers] = await Promise.all([
    lockOrders(tx, orderIds),
    takeEarlyCorrections(tx, orderIds),
    latestCustomers(tx, customerIds),
  ]);
  const invoiced = new Set(documents.flatMap(({ kind, orderId }) => (kind === 'invoice' ? [orderId] : [])));
  const fresh = confirmed.filter(({ data }) => !invoiced.has(data.order_id));
  await issueDocuments(
    tx,
    'invoice',
    tenant.time_zone,
    fresh.map((event) => newInvoice(tenant, event, customers)),
  );
  for (const correction of early.filter(({ orderId }) => !invoiced.has(orderId))) {
    await tx.runDeferred();
    await applyCorrection(
      tx,
      tenant,
      correction,
      fresh.find(({ data }) => data.order_id === correction.orderId),
    );
  }
}

function newInvoice(
  tenant: TenantSettings,
  event: Confirmed,
  customers: ReadonlyMap<string, CustomerSnapshot>,
): NewDocument {
  const { data: order } = event;
  const draft = invoiceDraft({
    order,
    paymentStatus: order.payment_status,
    paymentTermsDays: order.payment_terms_days,
    tenant,
    customer: (order.customer && customers.get(order.customer.id)) ?? null,
  });
  return {
    draft,
    orderId: order.order_id,
    userId: order.user_id,
    customerId: order.customer?.id ?? null,
    sourceKey: `order:${order.order_id}`,
    corrects: null,
    refundId: null,
    cause: event,
  };
}

async function takeEarlyCorrections(tx: Tx, orderIds: readonly Id<'order'>[]): Promise<Correction[]> {
  const rows = await tx.sql<
    {
      order_id: Id<'order'>;
      source_key: string;
      refund_id: Id<'refund'> | null;
      amount_cents: string | null;
      reason: string;
    }[]
  >`
    with taken as (
      delete from early_corrections where tenant_id = ${tx.tenantId} and order_id = any(${[...orderIds]}::text[]) returning *)
    select order_id, source_key, refund_id, amount_cents, reason from taken order by created_at, source_key`;
  return rows.map((row) => ({
    orderId: row.order_id,
    sourceKey: row.source_key,
    refundId: row.refund_id,
    amountCents: row.amount_cents === null ? null : Number(row.amount_cents),
    reason: row.reason,
  }));
}

async function latestCustomers(
  tx: Tx,
  ids: readonly string[],
): Promise<ReadonlyMap<string, CustomerSnapshot>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.sql<{ id: string; snapshot: unknown }[]>`
    select id, snapshot from customers where tenant_id = ${tx.tenantId} and id = any(${[...ids]}::text[])`;
  return new Map(rows.map(({ id, snapshot }) => [id, customerSnapshot.parse(snapshot)]));
}
