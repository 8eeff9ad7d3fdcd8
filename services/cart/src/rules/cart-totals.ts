import { CENTS_MAX, type Id } from '@zoco/kernel';

/** A product as it is known: now, from catalog, or from the last event about it. */
export interface KnownProduct {
  readonly sku: string;
  readonly name: string;
  readonly image_url: string | null;
  readonly price_cents: number;
  readonly currency: string;
}

export interface StoredLine {
  readonly product_id: Id<'product'>;
  readonly quantity: number;
  /** Price that the buyer saw when the line was last touched. */
  readonly added_price_cents: number;
  readonly added_at: string;
  /** Null when nothing is known of the product any more. */
  readonly copy: (KnownProduct & { readonly deleted: boolean }) | null;
}

export type LiveProduct = KnownProduct & { readonly stock: number };

/**
 * `unavailable`: cannot be bought; `short`: fewer units are in stock than wanted; `price_changed`: it costs something
 * else than when the line was last touched.
 */
export type LineFlag = 'unavailable' | 'short' | 'price_changed';

export interface PricedLine {
  readonly product_id: Id<'product'>;
  readonly sku: string | null;
  readonly name: string | null;
  readonly image_url: string | null;
  readonly quantity: number;
  readonly unit_price_cents: number | null;
  readonly added_price_cents: number;
  /** Null when the line cannot be bought. */
  readonly subtotal_cents: number | null;
  /** Units that can be sold now; null when catalog was not reached. */
  readonly stock: number | null;
  readonly flags: LineFlag[];
  readonly added_at: string;
}

export interface PricedCart {
  readonly items: PricedLine[];
  readonly line_count: number;
  readonly unit_count: number;
  /** Of the lines that can be bought; taxes and shipping are the order's. */
  readonly subtotal_cents: number;
  /** Prices and names are the last known ones, because catalog was not reached. */
  readonly stale: boolean;
}

/**
 * Prices a cart in one currency.
 * @param live what catalog says now; undefined when it was not reached
 */
export function priceCart(
  lines: readonly StoredLine[],
  live: ReadonlyMap<string, LiveProduct> | undefined,
  currency: string,
): PricedCart {
  const items = lines.map((line) => priceLine(line, live, currency));
  return {
    items,
    line_count: items.length,
    unit_count: items.reduce((sum, item) => sum + item.quantity, 0),
    subtotal_cents: items.reduce((sum, item) => sum + (item.subtotal_cents ?? 0), 0),
    stale: live === undefined && items.length > 0,
  };
}

function priceLine(
  line: StoredLine,
  live: ReadonlyMap<string, LiveProduct> | undefined,
  currency: string,
): PricedLine {
  const now = live?.get(line.product_id);
  const product = now ?? line.copy ?? undefined;
  const gone = live === undefined ? line.copy?.deleted !== false : now === undefined;
  const subtotal =
    gone || product?.currency !== currency ? null : subtotalOf(product.price_cents, line.quantity);
  const flags: LineFlag[] = [];
  if (subtotal === null) flags.push('unavailable');
  else if (now !== undefined && now.stock < line.quantity) flags.push('short');
  if (subtotal !== null && product?.price_cents !== line.added_price_cents) flags.push('price_changed');
  return {
    product_id: line.product_id,
    sku: product?.sku ?? null,
    name: product?.name ?? null,
    image_url: product?.image_url ?? null,
    quantity: line.quantity,
    unit_price_cents: product?.price_cents ?? null,
    added_price_cents: line.added_price_cents,
    subtotal_cents: subtotal,
    stock: now?.stock ?? null,
    flags,
    added_at: line.added_at,
  };
}

/** Null beyond what any order may cost. */
function subtotalOf(priceCents: number, quantity: number): number | null {
  const subtotal = priceCents * quantity;
  return subtotal <= CENTS_MAX ? subtotal : null;
}
