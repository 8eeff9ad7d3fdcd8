import { createHash } from 'node:crypto';
import type { TenantId } from '@zoco/kernel';
import { LRUCache } from 'lru-cache';
import type { ProductRow } from './db/products.ts';
import { cacheLookups } from './metrics.ts';

/** An answer that was worked out before, and its strong entity tag. */
export interface CachedAnswer<T extends object = object> {
  readonly answer: T;
  readonly etag: string;
}

/**
 * What was read lately, by tenant. Changes made here are forgotten at once, those of other replicas when their event comes;
 * what an event did not reach ends by age. Nothing that reserves or writes reads from it.
 */
export interface ProductCache {
  /** Products on sale by id; `load` reads those that are not at hand. */
  products(
    tenantId: TenantId,
    ids: readonly string[],
    load: (missing: readonly string[]) => Promise<readonly ProductRow[]>,
  ): Promise<ProductRow[]>;
  /** The answer of a list by what was asked; `compute` works it out when it is not at hand. */
  answer<T extends object>(
    tenantId: TenantId,
    asked: string,
    compute: () => Promise<T>,
  ): Promise<CachedAnswer<T>>;
  /** A product changed, was added or went. */
  forgetProduct(tenantId: TenantId, id: string): void;
  /** Units of a product changed. Lists keep the old number until they age: under orders they would never last. */
  forgetStock(tenantId: TenantId, id: string): void;
  /** Much changed. */
  forgetTenant(tenantId: TenantId): void;
  /** Nothing is known to be right any more. */
  clear(): void;
}

export interface CacheLimits {
  readonly productsMax: number;
  readonly productAgeMs: number;
  readonly answersMax: number;
  readonly answerAgeMs: number;
}

export const CACHE_LIMITS: CacheLimits = {
  productsMax: 5000,
  productAgeMs: 10_000,
  answersMax: 500,
  answerAgeMs: 1000,
};

const PRODUCT_HIT = { kind: 'product', result: 'hit' } as const;
const PRODUCT_MISS = { kind: 'product', result: 'miss' } as const;
const ANSWER_HIT = { kind: 'answer', result: 'hit' } as const;
const ANSWER_MISS = { kind: 'answer', result: 'miss' } as const;

export function createProductCache(limits: CacheLimits = CACHE_LIMITS): ProductCache {
  const products = rememberProducts(limits);
  const answers = rememberAnswers(limits);
  return {
    products: products.find,
    answer: answers.find,
    forgetProduct(tenantId, id) {
      products.forget(tenantId, id);
      answers.forget(tenantId);
    },
    forgetStock: (tenantId, id) => products.forget(tenantId, id),
    forgetTenant(tenantId) {
      products.forgetAll(tenantId);
      answers.forget(tenantId);
    },
    clear() {
      products.clear();
      answers.clear();
    },
  };
}

function rememberProducts(limits: CacheLimits) {
  const rows = new LRUCache<string, ProductRow>({ max: limits.productsMax, ttl: limits.productAgeMs });
  // What was read before a change is not kept after it.
  const epochs = createEpochs();

  const find: ProductCache['products'] = async (tenantId, ids, load) => {
    const found = new Map<string, ProductRow>();
    for (const id of ids) {
      const known = rows.get(`${tenantId}/${id}`);
      if (known !== undefined) found.set(id, known);
    }
    const missing = ids.filter((id) => !found.has(id));
    if (found.size > 0) cacheLookups.inc(PRODUCT_HIT, found.size);
    if (missing.length > 0) cacheLookups.inc(PRODUCT_MISS, missing.length);
    const epoch = epochs.of(tenantId);
    for (const row of missing.length > 0 ? await load(missing) : []) {
      found.set(row.id, row);
      if (epochs.of(tenantId) === epoch) rows.set(`${tenantId}/${row.id}`, row);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  };

  return {
    find,
    forget(tenantId: TenantId, id: string): void {
      epochs.next(tenantId);
      rows.delete(`${tenantId}/${id}`);
    },
    forgetAll(tenantId: TenantId): void {
      epochs.next(tenantId);
      for (const key of rows.keys()) if (key.startsWith(`${tenantId}/`)) rows.delete(key);
    },
    clear(): void {
      epochs.nextOfAll();
      rows.clear();
    },
  };
}

function rememberAnswers(limits: CacheLimits) {
  const known = new LRUCache<string, CachedAnswer>({ max: limits.answersMax, ttl: limits.answerAgeMs });
  // Part of the name: after a change nothing has the old name any more.
  const epochs = createEpochs();

  async function find<T extends object>(
    tenantId: TenantId,
    asked: string,
    compute: () => Promise<T>,
  ): Promise<CachedAnswer<T>> {
    const nameNow = () => `${tenantId}/${epochs.of(tenantId)}/${asked}`;
    const name = nameNow();
    const atHand = known.get(name);
    cacheLookups.inc(atHand === undefined ? ANSWER_MISS : ANSWER_HIT);
    // What was asked names its list, and so the form of the answer.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    if (atHand !== undefined) return atHand as CachedAnswer<T>;
    const answer = await compute();
    const digest = createHash('sha1').update(JSON.stringify(answer)).digest('base64url');
    const fresh = { answer, etag: `"${digest}"` };
    if (nameNow() === name) known.set(name, fresh);
    return fresh;
  }

  return {
    find,
    forget: (tenantId: TenantId) => epochs.next(tenantId),
    clear(): void {
      epochs.nextOfAll();
      known.clear();
    },
  };
}

function createEpochs() {
  const counts = new Map<TenantId, number>();
  let ofAll = 0;
  return {
    of: (tenantId: TenantId) => `${ofAll}.${counts.get(tenantId) ?? 0}`,
    next: (tenantId: TenantId) => void counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1),
    nextOfAll: () => void (ofAll += 1),
  };
}
