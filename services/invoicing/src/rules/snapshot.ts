import {
  addressField,
  centsField,
  currencyField,
  localeField,
  paymentMethod,
  rateBpsField,
  timeField,
} from '@zoco/contracts';
import { z } from 'zod';

const party = z.object({
  name: z.string(),
  email: z.string().nullable(),
  tax_id: z.string().nullable(),
  address: addressField.nullable(),
});

/** One line: net + tax is always gross. */
const line = z.object({
  kind: z.enum(['item', 'shipping', 'refund']),
  sku: z.string().nullable(),
  /** Null for shipping and refunds, which the document names in its own language. */
  description: z.string().nullable(),
  quantity: z.int().positive(),
  unit_price_cents: centsField,
  tax_rate_bps: rateBpsField,
  net_cents: centsField,
  tax_cents: centsField,
  gross_cents: centsField,
});
export type DocumentLine = z.infer<typeof line>;

/** Net, tax and gross of all lines of one rate. */
const rateSum = z.object({
  tax_rate_bps: rateBpsField,
  net_cents: centsField,
  tax_cents: centsField,
  gross_cents: centsField,
});
export type RateSum = z.infer<typeof rateSum>;

const seller = party.extend({
  /** The name of the shop, which can be another than that of its company. */
  trade_name: z.string(),
});

/** A shape of its own: what accounts of tenants get to have later must not change documents of today. */
const payTo = z.object({
  holder: z.string(),
  account_number: z.string(),
  bic: z.string().nullable(),
  bank_name: z.string().nullable(),
});

/**
 * Everything that an invoice or credit note says. It is stored once, never changes, and the PDF is a function of it alone.
 * Amounts are positive on both kinds; a credit note takes them back.
 */
export const documentSnapshot = z.object({
  kind: z.enum(['invoice', 'credit_note']),
  number: z.string(),
  issued_at: timeField,
  /** Day of issue in the tenant's time zone, `YYYY-MM-DD`. */
  issued_on: z.iso.date(),
  time_zone: z.string(),
  locale: localeField,
  currency: currencyField,
  prices_include_tax: z.boolean(),
  order: z.object({ id: z.string(), number: z.string(), placed_at: timeField }),
  /** On a credit note: the invoice that it takes back, in part or whole, and why. */
  corrects: z.object({ number: z.string(), issued_on: z.iso.date(), reason: z.string() }).nullable(),
  seller,
  buyer: party,
  ship_to: addressField.nullable(),
  lines: z.array(line).min(1),
  tax_summary: z.array(rateSum).min(1),
  net_cents: centsField,
  tax_cents: centsField,
  total_cents: centsField,
  payment: z.object({
    method: paymentMethod,
    paid: z.boolean(),
    /** Days from issue; null when there is nothing to pay later. */
    terms_days: z.int().nullable(),
    due_on: z.iso.date().nullable(),
    /** Left out and never null where there is none, so that documents from before there were any keep their hash. */
    pay_to: payTo.optional().meta({
      description:
        'Where to send the money of an invoice that was not paid when it was issued; the reference is its number.',
    }),
  }),
});
export type DocumentSnapshot = z.infer<typeof documentSnapshot>;

/** A document before it has its number and day. */
export type DocumentDraft = Omit<DocumentSnapshot, 'number' | 'issued_at' | 'issued_on' | 'payment'> & {
  payment: Omit<DocumentSnapshot['payment'], 'due_on'>;
};
