import { z } from 'zod';

/** One line of an invoice in the Online Retail file. */
export interface RetailLine {
  /** Six digits; `C…` is a cancellation, `A…` an adjustment of debts. */
  readonly invoice: string;
  readonly stockCode: string;
  readonly description: string;
  /** Negative on cancellations and stock corrections. */
  readonly quantity: number;
  readonly priceCents: number;
  /** Undefined on what was sold over the counter. */
  readonly customer: string | undefined;
  readonly country: string;
}

const price = z
  .string()
  .regex(/^-?\d{1,9}(\.\d{1,4})?$/, 'is not a price')
  // Four lines of half a million have three decimals; all of them are below a cent.
  .transform((text) => Math.round(Number(text) * 100));

/** The columns of the file. @see https://archive.ics.uci.edu/dataset/352/online+retail */
const row = z.object({
  InvoiceNo: z.string().regex(/^[A-Z]?\d{6}$/, 'is not an invoice number'),
  StockCode: z.string().trim().min(1),
  Description: z.string().trim(),
  Quantity: z
    .string()
    .regex(/^-?\d{1,9}$/, 'is not a whole number')
    .transform(Number),
  UnitPrice: price,
  CustomerID: z.union([z.literal(''), z.string().regex(/^\d{1,10}(\.0)?$/, 'is not a customer')]),
  Country: z.string().trim(),
});

export const RETAIL_COLUMNS = Object.keys(row.shape);

/** What a line that cannot be read says all the same of where it belongs. */
export function readableNames(fields: Readonly<Record<string, string>>): {
  invoice: string | undefined;
  customer: string | undefined;
} {
  const { InvoiceNo, CustomerID } = row.shape;
  return {
    invoice: InvoiceNo.safeParse(fields['InvoiceNo']).data,
    customer: customerOf(CustomerID.safeParse(fields['CustomerID']).data),
  };
}

const customerOf = (text = '') => (text === '' ? undefined : text.replace('.0', ''));

/** @throws z.ZodError that names the column at fault */
export function parseRetailLine(fields: Readonly<Record<string, string>>): RetailLine {
  const { InvoiceNo, StockCode, Description, Quantity, UnitPrice, CustomerID, Country } = row.parse(fields);
  return {
    invoice: InvoiceNo,
    stockCode: StockCode,
    description: Description,
    quantity: Quantity,
    priceCents: UnitPrice,
    customer: customerOf(CustomerID),
    country: Country,
  };
}
