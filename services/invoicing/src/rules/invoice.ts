import type { CustomerSnapshot, OrderSnapshot, PaymentStatus, TenantSettings } from '@zoco/contracts';
import type { DocumentDraft, DocumentLine } from './snapshot.ts';
import { taxSummary, totalsOf } from './tax-summary.ts';

export interface InvoiceFacts {
  readonly order: OrderSnapshot;
  readonly paymentStatus: PaymentStatus;
  readonly paymentTermsDays: number | null;
  readonly tenant: TenantSettings;
  /** The customer as known now, when that is newer than what the order says. */
  readonly customer: CustomerSnapshot | null;
}

/** The invoice of a confirmed order: its lines, plus shipping when there is any. */
export function invoiceDraft({
  order,
  paymentStatus,
  paymentTermsDays,
  tenant,
  customer,
}: InvoiceFacts): DocumentDraft {
  const lines = linesOf(order, tenant);
  const summary = taxSummary(lines);
  const paid = paymentStatus === 'paid';
  return {
    kind: 'invoice',
    locale: order.locale,
    currency: order.currency,
    prices_include_tax: order.prices_include_tax,
    time_zone: tenant.time_zone,
    order: { id: order.order_id, number: order.number, placed_at: order.created_at },
    corrects: null,
    seller: sellerOf(tenant),
    buyer: buyerOf(order, customer),
    ship_to: order.shipping_address,
    lines,
    tax_summary: summary,
    ...totalsOf(summary),
    payment: {
      method: order.payment_method,
      paid,
      terms_days: paid ? null : paymentTermsDays,
      ...payToOf(paymentStatus, tenant),
    },
  };
}

/** Of what was paid and went back, too, there is nothing to pay. */
function payToOf(status: PaymentStatus, { bank_account: account }: TenantSettings) {
  if (account === null || (status !== 'unpaid' && status !== 'pending')) return {};
  const { holder, account_number, bic, bank_name } = account;
  return { pay_to: { holder, account_number, bic, bank_name } };
}

function linesOf(order: OrderSnapshot, tenant: TenantSettings): DocumentLine[] {
  const amounts = (subtotalCents: number, taxCents: number) =>
    order.prices_include_tax
      ? { net_cents: subtotalCents - taxCents, tax_cents: taxCents, gross_cents: subtotalCents }
      : { net_cents: subtotalCents, tax_cents: taxCents, gross_cents: subtotalCents + taxCents };
  const items = order.items.map((item): DocumentLine => ({
    kind: 'item',
    sku: item.sku,
    description: item.name,
    quantity: item.quantity,
    unit_price_cents: item.unit_price_cents,
    tax_rate_bps: item.tax_rate_bps,
    ...amounts(item.subtotal_cents, item.tax_cents),
  }));
  if (order.shipping_cents === 0) return items;
  // What the items do not account for is the tax of shipping, so that the lines always add up to the order.
  const itemTaxCents = order.items.reduce((sum, item) => sum + item.tax_cents, 0);
  const shipping: DocumentLine = {
    kind: 'shipping',
    sku: null,
    description: null,
    quantity: 1,
    unit_price_cents: order.shipping_cents,
    tax_rate_bps: order.shipping_tax_rate_bps ?? tenant.tax_rate_bps,
    ...amounts(order.shipping_cents, order.tax_cents - itemTaxCents),
  };
  return [...items, shipping];
}

function sellerOf(tenant: TenantSettings): DocumentDraft['seller'] {
  return {
    name: tenant.legal_name ?? tenant.name,
    trade_name: tenant.name,
    email: null,
    tax_id: tenant.tax_id,
    address: tenant.legal_address,
  };
}

function buyerOf(order: OrderSnapshot, newer: CustomerSnapshot | null): DocumentDraft['buyer'] {
  const known = order.customer;
  const customer = newer !== null && newer.version > (known?.version ?? 0) ? newer : known;
  if (customer === null) {
    return {
      name: order.buyer_name,
      email: order.buyer_email,
      tax_id: null,
      address: order.shipping_address,
    };
  }
  return {
    name: customer.name,
    email: customer.email,
    tax_id: customer.tax_id,
    address: customer.billing_address ?? order.shipping_address,
  };
}
