import type { OrderItem, Reservation } from '@zoco/contracts';
import { grossTax, multiplyCents, netTax, Problem, sumCents } from '@zoco/kernel';

/** What the catalog holds for one product, at the price that counts. */
export type ReservedLine = Reservation['lines'][number];

/** How a tenant prices: settings at the moment the order is created. */
export interface PriceRules {
  readonly currency: string;
  /** Whether prices, shipping included, contain their tax or get it on top. */
  readonly pricesIncludeTax: boolean;
  /** Flat, once per order. */
  readonly shippingCents: number;
  /** Shipping is taxed like the shop's goods: at the tenant's own rate, in basis points. */
  readonly shippingTaxRateBps: number;
}

export interface Totals {
  readonly items: readonly OrderItem[];
  /** Sum of the items, as priced. */
  readonly subtotalCents: number;
  /** Tax of items and shipping: inside the total when prices include it, on top of it otherwise. */
  readonly taxCents: number;
  readonly shippingCents: number;
  readonly shippingTaxCents: number;
  readonly totalCents: number;
}

/**
 * What an order costs. Tax is rounded once per line, half up, because the invoice shows the taxes of lines and they must add up;
 * every sum is exact.
 * @throws Problem `order_currency_mixed` when a line is priced in another currency than the tenant's, `order_total_too_large`
 *   beyond what money holds, `order_total_zero` when there is nothing to pay
 */
export function totalsOf(lines: readonly ReservedLine[], rules: PriceRules): Totals {
  if (lines.some((line) => line.currency !== rules.currency)) {
    throw new Problem(
      'conflict',
      'order_currency_mixed',
      `A product is not priced in ${rules.currency}, the currency of this shop.`,
    );
  }
  const totals = addUp(lines, rules);
  if (totals.totalCents === 0) {
    throw new Problem('conflict', 'order_total_zero', 'There is nothing to pay for this order.');
  }
  return totals;
}

/**
 * The reserved lines in the order in which they were asked for.
 * @throws Error when the catalog reserved something else, which is a bug
 */
export function linesInOrder(
  requested: readonly { product_id: string; quantity: number }[],
  reserved: readonly ReservedLine[],
): ReservedLine[] {
  const byProduct = new Map(reserved.map((line) => [String(line.product_id), line]));
  return requested.map(({ product_id: id, quantity }) => {
    const line = byProduct.get(id);
    if (line?.quantity !== quantity || reserved.length !== requested.length)
      throw new Error('the catalog reserved other lines than the order has');
    return line;
  });
}

function addUp(lines: readonly ReservedLine[], rules: PriceRules): Totals {
  const taxOf = rules.pricesIncludeTax ? grossTax : netTax;
  try {
    const items = lines.map(({ currency: _currency, ...line }) => {
      const subtotal = multiplyCents(line.unit_price_cents, line.quantity);
      return { ...line, subtotal_cents: subtotal, tax_cents: taxOf(subtotal, line.tax_rate_bps) };
    });
    const { shippingCents } = rules;
    const shippingTaxCents = taxOf(shippingCents, rules.shippingTaxRateBps);
    const subtotalCents = sumCents(items.map((item) => item.subtotal_cents));
    const taxCents = sumCents([...items.map((item) => item.tax_cents), shippingTaxCents]);
    const totalCents = sumCents([subtotalCents, shippingCents, rules.pricesIncludeTax ? 0 : taxCents]);
    return { items, subtotalCents, taxCents, shippingCents, shippingTaxCents, totalCents };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Problem('conflict', 'order_total_too_large', 'The order costs more than one order may.', {
      cause,
    });
  }
}
