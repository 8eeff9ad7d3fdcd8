import { z } from '@hono/zod-openapi';
import type { DocumentSummary } from '../db/documents.ts';
import { documentSnapshot } from '../rules/snapshot.ts';
import { totalsOf } from '../rules/tax-summary.ts';

export const invoiceView = z
  .object({
    id: z.string().openapi({ example: 'inv_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    kind: z.enum(['invoice', 'credit_note']),
    number: z
      .string()
      .openapi({ description: 'Without gaps per tenant, series and year.', example: 'INV-2026-000001' }),
    order_id: z.string().openapi({ example: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    customer_id: z.string().nullable(),
    corrects_invoice_id: z
      .string()
      .nullable()
      .openapi({ description: 'The invoice that a credit note takes back.' }),
    currency: z.string().openapi({ example: 'EUR' }),
    net_cents: z.int(),
    tax_cents: z.int(),
    total_cents: z.int().openapi({ example: 2948 }),
    tax_summary: documentSnapshot.shape.tax_summary,
    issued_at: z.string(),
    due_at: z.string().nullable(),
    sha256: z
      .string()
      .openapi({ description: 'Hash of the snapshot from which the PDF is drawn; it never changes.' }),
  })
  .openapi('Invoice');

export const invoiceDetail = invoiceView.extend({ document: documentSnapshot }).openapi('InvoiceDetail');

export function toView(stored: DocumentSummary): z.infer<typeof invoiceView> {
  return {
    id: stored.id,
    kind: stored.kind,
    number: stored.number,
    order_id: stored.orderId,
    customer_id: stored.customerId,
    corrects_invoice_id: stored.correctsId,
    currency: stored.currency,
    ...totalsOf(stored.taxSummary),
    tax_summary: stored.taxSummary,
    issued_at: stored.issuedAt.toISOString(),
    due_at: stored.dueAt?.toISOString() ?? null,
    sha256: stored.sha256,
  };
}
