import type { RetailLine } from './retail-row.ts';

/** Units by sku. */
export type Units = ReadonlyMap<string, number>;

export interface PlannedProduct {
  readonly sku: string;
  readonly stockCode: string;
  readonly name: string;
  readonly priceCents: number;
  /** Sold in the whole file, so that a longer replay finds enough. */
  readonly unitsSold: number;
}

export interface PlannedCustomer {
  readonly id: string;
  readonly country: string;
}

/** An invoice that becomes an order. */
export interface Sale {
  readonly invoice: string;
  readonly customer: string;
  readonly units: Units;
}

/** An invoice that takes (part of) an earlier one back. */
export interface Reversal {
  readonly invoice: string;
  /** The sale that it takes back. */
  readonly of: string;
  /** Whether nothing of the sale is left, and nothing was taken back before. */
  readonly whole: boolean;
  readonly units: Units;
}

export interface Skipped {
  readonly invoice: string;
  /** Set when only this line is left out. */
  readonly stock_code?: string;
  readonly reason: string;
}

/** A line of the file that is not what it should be. */
export interface UnreadableLine {
  /** Counted from 1. */
  readonly line: number;
  /** These are undefined where not even they can be read. */
  readonly invoice: string | undefined;
  readonly customer: string | undefined;
  readonly reason: string;
}

/** What the file asks for, in the order of the file. */
export interface RetailPlan {
  /** Invoice numbers that were looked at. */
  readonly invoiceCount: number;
  readonly products: readonly PlannedProduct[];
  readonly customers: readonly PlannedCustomer[];
  readonly sales: readonly Sale[];
  readonly reversals: readonly Reversal[];
  readonly skipped: readonly Skipped[];
  /** Their invoices are skipped, where they are known. */
  readonly unreadable: readonly UnreadableLine[];
}

interface Product {
  stockCode: string;
  name: string;
  priceCents: number;
  unitsSold: number;
}

interface Invoice {
  readonly number: string;
  customer: string | undefined;
  readonly country: string;
  readonly units: Map<string, number>;
  /** A line of it is missing. */
  isUnreadable: boolean;
}

/** Takes the lines of the file one after the other and gives the plan at the end; no I/O. */
export interface PlanBuilder {
  add(line: RetailLine): void;
  /** Leaves its invoice out: as an order without this line it would be another one than when the file is mended. */
  addUnreadable(line: UnreadableLine): void;
  build(): RetailPlan;
}

/** @param invoicesMax how many invoice numbers count, in order of first mention; undefined is all */
export function createPlan(invoicesMax: number | undefined): PlanBuilder {
  const products = new Map<string, Product>();
  const invoices = new Map<string, Invoice>();
  const skipped: Skipped[] = [];
  const unreadable: UnreadableLine[] = [];

  /** The invoice of a line; undefined beyond the limit. */
  function invoiceOf(number: string, customer?: string, country = ''): Invoice | undefined {
    const known = invoices.get(number);
    if (known !== undefined || invoices.size >= (invoicesMax ?? Infinity)) return known;
    const invoice = { number, customer, country, units: new Map<string, number>(), isUnreadable: false };
    invoices.set(number, invoice);
    return invoice;
  }

  return {
    add(line) {
      const fault = lineFault(line);
      if (fault === undefined && isSale(line.invoice) && line.customer !== undefined)
        countUnits(products, line);
      const invoice = invoiceOf(line.invoice, line.customer, line.country);
      if (invoice === undefined) return;
      if (invoice.isUnreadable) invoice.customer ??= line.customer;
      // Of an invoice that is left out as a whole, the lines need no reasons of their own.
      if (invoiceFault(invoice) !== undefined) return;
      if (fault === undefined) {
        const sku = skuOf(line);
        invoice.units.set(sku, (invoice.units.get(sku) ?? 0) + Math.abs(line.quantity));
      } else skipped.push({ invoice: line.invoice, stock_code: line.stockCode, reason: fault });
    },
    addUnreadable(line) {
      if (line.invoice !== undefined) {
        const invoice = invoiceOf(line.invoice);
        if (invoice === undefined) return;
        invoice.isUnreadable = true;
        invoice.customer ??= line.customer;
      }
      unreadable.push(line);
    },
    build: () => ({ ...assemble(products, [...invoices.values()], skipped), unreadable }),
  };
}

// Charges, discounts and samples have words for a stock code: POST, D, M, BANK CHARGES, AMAZONFEE, gift_0001_20 …
const PRODUCT_CODE = /^\d{5}/;

const isSale = (invoice: string) => /^\d/.test(invoice);
const isReversal = (invoice: string) => invoice.startsWith('C');

function invoiceFault({ number, customer, isUnreadable }: Invoice): string | undefined {
  if (isUnreadable) return 'a line cannot be read';
  if (!isSale(number) && !isReversal(number)) return 'an adjustment of debts is no order';
  return customer === undefined ? 'the invoice names no customer' : undefined;
}

function lineFault({ invoice, stockCode, quantity, priceCents }: RetailLine): string | undefined {
  if (!PRODUCT_CODE.test(stockCode)) return 'the line is a charge or a discount, not a product';
  if (priceCents <= 0) return 'the line has no price';
  if (quantity === 0 || quantity > 0 !== isSale(invoice)) {
    return 'the sign of the quantity does not fit the kind of invoice';
  }
  return undefined;
}

/** A shop has one price for a product, the file many: each price of a stock code is a product of its own. */
export function skuOf({ stockCode, priceCents }: Pick<RetailLine, 'stockCode' | 'priceCents'>): string {
  return `${stockCode}-${priceCents}`;
}

function countUnits(products: Map<string, Product>, line: RetailLine): void {
  const sku = skuOf(line);
  const known = products.get(sku);
  if (known === undefined) {
    const { stockCode, description, priceCents, quantity } = line;
    products.set(sku, { stockCode, name: description, priceCents, unitsSold: quantity });
    return;
  }
  known.unitsSold += line.quantity;
  if (known.name === '') known.name = line.description;
}

function assemble(
  products: ReadonlyMap<string, Product>,
  invoices: readonly Invoice[],
  lineSkips: readonly Skipped[],
): Omit<RetailPlan, 'unreadable'> {
  const sales: Sale[] = [];
  const reversals: Reversal[] = [];
  const skipped = [...lineSkips];
  const customers = new Map<string, PlannedCustomer>();
  const open = new Map<string, OpenSale[]>();
  // What they buy and take back after an invoice that cannot be read could be matched otherwise when it can.
  const unclear = new Set<string>();
  for (const invoice of invoices) {
    const { number, customer, units } = invoice;
    if (invoice.isUnreadable && customer !== undefined) unclear.add(customer);
    const fault =
      invoiceFault(invoice) ?? (units.size === 0 ? 'no line of the invoice can be ordered' : undefined);
    if (fault !== undefined || customer === undefined) {
      skipped.push({ invoice: number, reason: fault ?? '' });
    } else if (isSale(number)) {
      sales.push({ invoice: number, customer, units });
      customers.set(customer, customers.get(customer) ?? { id: customer, country: invoice.country });
      const theirs = open.get(customer) ?? [];
      theirs.push({ invoice: number, left: new Map(units), touched: false });
      open.set(customer, theirs);
    } else if (unclear.has(customer)) {
      skipped.push({ invoice: number, reason: 'an earlier invoice of the customer cannot be read' });
    } else {
      const reversal = takeBack(invoice, open.get(customer) ?? []);
      if (reversal !== undefined) reversals.push(reversal);
      else
        skipped.push({
          invoice: number,
          reason: 'no earlier invoice of the customer holds what it takes back',
        });
    }
  }
  const ordered = new Set(sales.flatMap(({ units }) => [...units.keys()]));
  return {
    invoiceCount: invoices.length,
    products: [...products]
      .filter(([sku]) => ordered.has(sku))
      .map(([sku, product]) => ({ sku, ...product, name: product.name || product.stockCode })),
    customers: [...customers.values()],
    sales,
    reversals,
    skipped,
  };
}

/** What of a sale was not taken back yet. */
interface OpenSale {
  readonly invoice: string;
  readonly left: Map<string, number>;
  touched: boolean;
}

/** The file does not say which invoice a cancellation takes back: it is the latest one that holds all of it. */
function takeBack({ number, units }: Invoice, open: readonly OpenSale[]): Reversal | undefined {
  const sale = open.findLast(({ left }) =>
    [...units].every(([sku, quantity]) => (left.get(sku) ?? 0) >= quantity),
  );
  if (sale === undefined) return undefined;
  for (const [sku, quantity] of units) {
    const rest = (sale.left.get(sku) ?? 0) - quantity;
    if (rest === 0) sale.left.delete(sku);
    else sale.left.set(sku, rest);
  }
  const whole = sale.left.size === 0 && !sale.touched;
  sale.touched = true;
  return { invoice: number, of: sale.invoice, whole, units };
}
