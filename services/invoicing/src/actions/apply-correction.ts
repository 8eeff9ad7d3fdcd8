import type { TenantSettings } from '@zoco/contracts';
import type { Cause } from '@zoco/events';
import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { correctionDraft } from '../rules/credit-note.ts';
import { issueDocuments } from './issue-documents.ts';
import { lockOrders } from './lock-orders.ts';

/** A refund or cancellation that an invoice has to answer with a credit note. */
export interface Correction {
  readonly orderId: Id<'order'>;
  /** `refund:ref_…` or `cancel:ord_…`. */
  readonly sourceKey: string;
  readonly refundId: Id<'refund'> | null;
  /** What went back; null for a cancellation. */
  readonly amountCents: number | null;
  readonly reason: string;
}

/**
 * Issues the credit note of a correction, once. What is left of the invoice bounds it: a refund and the cancellation that
 * caused it make one credit note, whichever comes first. Kept for later when the invoice does not exist yet.
 */
export async function applyCorrection(
  tx: Tx,
  tenant: TenantSettings,
  correction: Correction,
  cause?: Cause,
): Promise<void> {
  const documents = await lockOrders(tx, [correction.orderId]);
  const invoice = documents.find(({ kind }) => kind === 'invoice');
  if (invoice === undefined) {
    await tx.sql`
      insert into early_corrections (tenant_id, order_id, source_key, refund_id, amount_cents, reason)
      values (${tx.tenantId}, ${correction.orderId}, ${correction.sourceKey}, ${correction.refundId},
              ${correction.amountCents}, ${correction.reason})
      on conflict do nothing`;
    return;
  }
  if (documents.some(({ sourceKey }) => sourceKey === correction.sourceKey)) return;
  const credited = documents
    .filter(({ kind }) => kind === 'credit_note')
    .map(({ snapshot }) => snapshot.tax_summary);
  const draft = correctionDraft(invoice.snapshot, credited, {
    refundCents: correction.amountCents,
    reason: correction.reason,
  });
  if (draft === null) return;
  await issueDocuments(tx, 'credit_note', tenant.time_zone, [
    {
      draft,
      orderId: correction.orderId,
      userId: invoice.userId,
      customerId: invoice.customerId,
      sourceKey: correction.sourceKey,
      corrects: invoice.id,
      refundId: correction.refundId,
      cause,
    },
  ]);
}
