import type { DocumentSnapshot } from './rules/snapshot.ts';

type Locale = DocumentSnapshot['locale'];

/** Every word that a document says by itself. */
export interface Texts {
  readonly invoice: string;
  readonly creditNote: string;
  readonly from: string;
  readonly billTo: string;
  readonly shipTo: string;
  readonly issuedOn: string;
  readonly order: string;
  readonly orderedOn: string;
  readonly dueOn: string;
  readonly corrects: string;
  readonly reason: string;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
  readonly shipping: string;
  readonly refundOf: string;
  readonly taxable: string;
  readonly taxTotal: string;
  readonly total: string;
  readonly totalCredited: string;
  readonly pricesIncludeTax: string;
  readonly amountsWithoutTax: string;
  readonly paid: Readonly<Record<DocumentSnapshot['payment']['method'], string>>;
  readonly unpaid: string;
  readonly payBy: (date: string, days: number) => string;
  readonly payNow: (date: string) => string;
  readonly transferTo: string;
  readonly accountHolder: string;
  readonly iban: string;
  readonly accountNumber: string;
  readonly bic: string;
  readonly bank: string;
  /** What the payer writes into the transfer. */
  readonly paymentReference: string;
  readonly creditStatement: (number: string, date: string) => string;
  readonly dataAttached: string;
  readonly page: (page: number, pages: number) => string;
  readonly continued: string;
  /** Reasons that the system itself gives; others are shown as staff wrote them. */
  readonly reasons: Readonly<Record<string, string>>;
}

const ENGLISH: Texts = {
  invoice: 'Invoice',
  creditNote: 'Credit note',
  from: 'From',
  billTo: 'Bill to',
  shipTo: 'Ship to',
  issuedOn: 'Date of issue',
  order: 'Order',
  orderedOn: 'Order date',
  dueOn: 'Due date',
  corrects: 'Corrects invoice',
  reason: 'Reason',
  description: 'Description',
  quantity: 'Qty',
  unitPrice: 'Unit price',
  amount: 'Amount',
  shipping: 'Shipping',
  refundOf: 'Partial credit of invoice',
  taxable: 'Net',
  taxTotal: 'Tax',
  total: 'Total',
  totalCredited: 'Total credited',
  pricesIncludeTax: 'Prices and amounts include tax.',
  amountsWithoutTax: 'Prices and amounts are without tax.',
  paid: { card: 'Paid by card', transfer: 'Paid by bank transfer', on_account: 'Paid' },
  unpaid: 'Payment due',
  payBy: (date, days) => `Please pay by ${date} (${days} days from the date of issue).`,
  payNow: (date) => `Payable on receipt (${date}).`,
  transferTo: 'Bank transfer to',
  accountHolder: 'Account holder',
  iban: 'IBAN',
  accountNumber: 'Account number',
  bic: 'BIC',
  bank: 'Bank',
  paymentReference: 'Payment reference',
  creditStatement: (number, date) =>
    `This credit note corrects invoice ${number} of ${date}. The amounts below are credited to you.`,
  dataAttached: 'The data of this document is attached to the PDF',
  page: (page, pages) => `Page ${page} of ${pages}`,
  continued: 'continued',
  reasons: {
    order_canceled: 'The order was canceled',
    buyer_request: 'Canceled at the buyer’s request',
    requested_by_customer: 'At the customer’s request',
    duplicate: 'Charged twice',
    fraudulent: 'Fraudulent payment',
    late_capture: 'The payment came after the order had ended',
  },
};

const SPANISH: Texts = {
  invoice: 'Factura',
  creditNote: 'Factura rectificativa',
  from: 'Emisor',
  billTo: 'Cliente',
  shipTo: 'Dirección de envío',
  issuedOn: 'Fecha de expedición',
  order: 'Pedido',
  orderedOn: 'Fecha del pedido',
  dueOn: 'Vencimiento',
  corrects: 'Rectifica la factura',
  reason: 'Motivo',
  description: 'Descripción',
  quantity: 'Cant.',
  unitPrice: 'Precio unitario',
  amount: 'Importe',
  shipping: 'Gastos de envío',
  refundOf: 'Abono parcial de la factura',
  taxable: 'Base imponible',
  taxTotal: 'Cuota',
  total: 'Total',
  totalCredited: 'Total abonado',
  pricesIncludeTax: 'Precios e importes con impuestos incluidos.',
  amountsWithoutTax: 'Precios e importes sin impuestos.',
  paid: { card: 'Pagada con tarjeta', transfer: 'Pagada por transferencia', on_account: 'Pagada' },
  unpaid: 'Pendiente de pago',
  payBy: (date, days) => `Vence el ${date} (${days} días desde la fecha de expedición).`,
  payNow: (date) => `Pago al recibo de la factura (${date}).`,
  transferTo: 'Transferencia a',
  accountHolder: 'Titular de la cuenta',
  iban: 'IBAN',
  accountNumber: 'Número de cuenta',
  bic: 'BIC',
  bank: 'Banco',
  paymentReference: 'Concepto',
  creditStatement: (number, date) =>
    `Este documento rectifica la factura ${number} del ${date}. Los importes indicados se abonan a su favor.`,
  dataAttached: 'Los datos de este documento van adjuntos al PDF',
  page: (page, pages) => `Página ${page} de ${pages}`,
  continued: 'continuación',
  reasons: {
    order_canceled: 'Pedido cancelado',
    buyer_request: 'Cancelado a petición del cliente',
    requested_by_customer: 'A petición del cliente',
    duplicate: 'Cobro duplicado',
    fraudulent: 'Pago fraudulento',
    late_capture: 'El pago llegó cuando el pedido ya había terminado',
  },
};

export function textsOf(locale: Locale): Texts {
  return locale.startsWith('es') ? SPANISH : ENGLISH;
}

/** What the sales tax and the number of a taxpayer are called, country by country. */
const TAX_NAMES: Readonly<Record<Locale, { tax: string; taxId: string }>> = {
  'en-US': { tax: 'Tax', taxId: 'Tax ID' },
  'en-GB': { tax: 'VAT', taxId: 'VAT no.' },
  'es-ES': { tax: 'IVA', taxId: 'NIF' },
  'es-MX': { tax: 'IVA', taxId: 'RFC' },
  'es-CO': { tax: 'IVA', taxId: 'NIT' },
};

export function taxNamesOf(locale: Locale): { tax: string; taxId: string } {
  return TAX_NAMES[locale];
}
