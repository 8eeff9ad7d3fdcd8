import {
  type EventDefinition,
  type productSnapshot,
  stockChanged,
  type TenantSettings,
} from '@zoco/contracts';
import { type Cause, recordAll } from '@zoco/events';
import type { Tx } from '@zoco/postgres';
import type { ProductRow } from './db/products.ts';
import type { StockRow } from './db/stock.ts';

/** What the other services learn of a product. */
export function snapshotOf(product: ProductRow, tenant: TenantSettings) {
  return {
    product_id: product.id,
    sku: product.sku,
    name: product.name,
    category: product.category,
    price_cents: product.price_cents,
    currency: product.currency,
    tax_rate_bps: product.tax_rate_bps ?? tenant.tax_rate_bps,
    image_url: product.image_url,
    updated_at: product.updated_at,
  };
}

export function recordProducts(
  tx: Tx,
  event: EventDefinition<typeof productSnapshot>,
  products: readonly ProductRow[],
  tenant: TenantSettings,
): Promise<void> {
  return recordAll(
    tx,
    event,
    products.map((product) => ({
      aggregateId: product.id,
      version: product.version,
      data: snapshotOf(product, tenant),
    })),
  );
}

/** Stock is an aggregate of its own, with versions of its own: it changes without the product, and far more often. */
export function recordStock(
  tx: Tx,
  rows: readonly StockRow[],
  reason: string,
  causes?: ReadonlyMap<string, Cause | undefined>,
): Promise<void> {
  return recordAll(
    tx,
    stockChanged,
    rows.map((row) => ({
      aggregateId: `${row.product_id}/stock`,
      version: row.version,
      data: {
        product_id: row.product_id,
        sku: row.sku,
        stock: row.on_hand - row.reserved,
        stock_on_hand: row.on_hand,
        stock_reserved: row.reserved,
        reason,
      },
      cause: causes?.get(row.product_id),
    })),
  );
}

/** The stock that a product came with. */
export function stockOf(product: ProductRow): StockRow {
  const { id, sku, on_hand, reserved, stock_version } = product;
  return { product_id: id, sku, on_hand, reserved, version: stock_version };
}
