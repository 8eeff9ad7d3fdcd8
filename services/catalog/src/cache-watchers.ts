import { productCreated, productDeleted, productUpdated, stockChanged } from '@zoco/contracts';
import { watch, type Watcher } from '@zoco/events';
import type { ProductCache } from './product-cache.ts';

/** Forgets what other replicas changed. */
export function cacheWatchers(cache: ProductCache): Watcher[] {
  return [
    watch(productCreated, ({ product_id }, tenantId) => cache.forgetProduct(tenantId, product_id)),
    watch(productUpdated, ({ product_id }, tenantId) => cache.forgetProduct(tenantId, product_id)),
    watch(productDeleted, ({ product_id }, tenantId) => cache.forgetProduct(tenantId, product_id)),
    watch(stockChanged, ({ product_id }, tenantId) => cache.forgetStock(tenantId, product_id)),
  ];
}
