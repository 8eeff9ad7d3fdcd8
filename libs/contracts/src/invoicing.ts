import { z } from 'zod';
import { defineEvent } from './event.ts';
import { centsField, currencyField, exampleId, idField, timeField } from './fields.ts';

const document = z.object({
  invoice_id: idField('invoice'),
  number: z.string(),
  order_id: idField('order'),
  customer_id: idField('customer').nullable(),
  currency: currencyField,
  total_cents: centsField,
  issued_at: timeField,
});

const exampleDocument: z.input<typeof document> = {
  invoice_id: exampleId('invoice'),
  number: 'INV-2026-000001',
  order_id: exampleId('order'),
  customer_id: null,
  currency: 'EUR',
  total_cents: 2948,
  issued_at: '2026-11-22T10:15:01.000Z',
};

export const invoiceIssued = defineEvent({
  type: 'invoice.issued',
  producer: 'invoicing',
  summary: 'An invoice got its number and will not change again.',
  data: document.extend({ due_at: timeField.nullable() }),
  example: { ...exampleDocument, due_at: null },
});

export const creditNoteIssued = defineEvent({
  type: 'credit_note.issued',
  producer: 'invoicing',
  summary: 'A credit note corrects an invoice after a refund.',
  data: document.extend({ corrects_invoice_id: idField('invoice'), refund_id: idField('refund').nullable() }),
  example: {
    ...exampleDocument,
    number: 'CN-2026-000001',
    corrects_invoice_id: exampleDocument.invoice_id,
    refund_id: exampleId('refund'),
  },
});
