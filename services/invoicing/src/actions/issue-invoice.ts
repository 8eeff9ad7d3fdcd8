import {
  customerSnapshot,
  type CustomerSnapshot,
  type EventData,
  type orderConfirmed,
  type TenantSettings,
} from '@zoco/contracts';
import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { invoiceDraft } from '../rules/invoice.ts';
import { applyCorrection, type Correction } from './apply-correction.ts';
import { issueDocument } from './issue-document.ts';
import { lockOrder } from './lock-order.ts';

/** Issues the invoice of a confirmed order, once; then applies corrections that came before it. */
export async function issueInvoice(
  tx: Tx,
  tenant: TenantSettings,
  order: EventData<typeof orderConfirmed>,
): Promise<Id<'invoice'>> {
  // One round trip: the statements run in this order, so all of them see what the lock waited for.
  const [documents, early, customer] = await Promise.all([
    lockOrder(tx, order.order_id),
    takeEarlyCorrections(tx, order.order_id),
    order.customer === null ? null : latestCustomer(tx, order.customer.id),
  ]);
  const known = documents.find(({ kind }) => kind === 'invoice');
  if (known !== undefined) return known.id;
  const draft = invoiceDraft({
    order,
    paymentStatus: order.payment_status,
    paymentTermsDays: order.payment_terms_days,
    tenant,
    customer,
  });
  const id = await issueDocument(tx, draft, {
    orderId: order.order_id,
    userId: order.user_id,
    customerId: order.customer?.id ?? null,
    sourceKey: `order:${order.order_id}`,
    timeZone: tenant.time_zone,
    corrects: null,
    refundId: null,
  });
  for (const correction of early) {
    await tx.runDeferred();
    await applyCorrection(tx, tenant, correction);
  }
  return id;
}

async function takeEarlyCorrections(tx: Tx, orderId: Id<'order'>): Promise<Correction[]> {
  const rows = await tx.sql<
    { source_key: string; refund_id: Id<'refund'> | null; amount_cents: string | null; reason: string }[]
  >`
    with taken as (
      delete from early_corrections where tenant_id = ${tx.tenantId} and order_id = ${orderId} returning *)
    select source_key, refund_id, amount_cents, reason from taken order by created_at, source_key`;
  return rows.map((row) => ({
    orderId,
    sourceKey: row.source_key,
    refundId: row.refund_id,
    amountCents: row.amount_cents === null ? null : Number(row.amount_cents),
    reason: row.reason,
  }));
}

async function latestCustomer(tx: Tx, id: string): Promise<CustomerSnapshot | null> {
  const [row] = await tx.sql<{ snapshot: unknown }[]>`
    select snapshot from customers where tenant_id = ${tx.tenantId} and id = ${id}`;
  return row === undefined ? null : customerSnapshot.parse(row.snapshot);
}
