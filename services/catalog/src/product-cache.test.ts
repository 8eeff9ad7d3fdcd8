import { newId, tenantId } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import type { ProductRow } from './db/products.ts';
import { CACHE_LIMITS, createProductCache } from './product-cache.ts';

const acme = tenantId('acme');
const libros = tenantId('libros');

function row(id = newId('product')): ProductRow {
  return {
    id,
    sku: 'a',
    name: 'A',
    description: null,
    category: null,
    price_cents: 1,
    currency: 'EUR',
    tax_rate_bps: null,
    image_url: null,
    attributes: {},
    version: 1,
    created_at: '',
    updated_at: '',
    on_hand: 1,
    reserved: 0,
    stock_version: 1,
  };
}

/** A database that counts how often it is asked. */
function source(rows: readonly ProductRow[]) {
  const asked: string[][] = [];
  return {
    asked,
    load: async (ids: readonly string[]) => {
      asked.push([...ids]);
      return rows.filter(({ id }) => ids.includes(id));
    },
  };
}

describe('products', () => {
  test('are read once, in the order that was asked, without those that are not', async () => {
    const cache = createProductCache();
    const [a, b] = [row(), row()];
    const { asked, load } = source([a, b]);
    expect(await cache.products(acme, [b.id, 'none', a.id], load)).toEqual([b, a]);
    expect(await cache.products(acme, [a.id, b.id], load)).toEqual([a, b]);
    expect(asked).toEqual([[b.id, 'none', a.id]]);
  });

  test('are a tenant’s own', async () => {
    const cache = createProductCache();
    const a = row();
    await cache.products(acme, [a.id], source([a]).load);
    expect(await cache.products(libros, [a.id], source([]).load)).toEqual([]);
  });

  test.each(['forgetProduct', 'forgetStock', 'forgetTenant', 'clear'] as const)(
    'are read again after %s',
    async (verb) => {
      const cache = createProductCache();
      const a = row();
      const { asked, load } = source([a]);
      await cache.products(acme, [a.id], load);
      cache[verb](acme, a.id);
      await cache.products(acme, [a.id], load);
      expect(asked).toHaveLength(2);
    },
  );

  test.each(['forgetProduct', 'forgetStock', 'forgetTenant', 'clear'] as const)(
    'that were read before %s are not kept after it',
    async (verb) => {
      const cache = createProductCache();
      const a = row();
      const { asked, load } = source([a]);
      await cache.products(acme, [a.id], async (ids) => {
        const rows = await load(ids);
        cache[verb](acme, a.id);
        return rows;
      });
      await cache.products(acme, [a.id], load);
      expect(asked).toHaveLength(2);
    },
  );
});

describe('answers', () => {
  test('are worked out once per question and tenant, and equal ones have equal tags', async () => {
    const cache = createProductCache({ ...CACHE_LIMITS, answerAgeMs: 60_000 });
    let count = 0;
    const compute = async () => ({ count: (count += 1) });
    const first = await cache.answer(acme, 'list', compute);
    expect(await cache.answer(acme, 'list', compute)).toBe(first);
    expect((await cache.answer(libros, 'list', compute)).answer.count).toBe(2);
    expect((await cache.answer(acme, 'other', compute)).answer.count).toBe(3);
    expect((await cache.answer(libros, 'same', async () => ({ count: 1 }))).etag).toBe(first.etag);
  });

  test('end with a product, not with its stock', async () => {
    const cache = createProductCache({ ...CACHE_LIMITS, answerAgeMs: 60_000 });
    let count = 0;
    const ask = () => cache.answer(acme, 'list', async () => ({ count: (count += 1) }));
    await ask();
    cache.forgetStock(acme, 'prd_1');
    expect((await ask()).answer.count).toBe(1);
    cache.forgetProduct(acme, 'prd_1');
    expect((await ask()).answer.count).toBe(2);
    cache.clear();
    expect((await ask()).answer.count).toBe(3);
  });

  test('that a change overtakes are not kept', async () => {
    const cache = createProductCache({ ...CACHE_LIMITS, answerAgeMs: 60_000 });
    await cache.answer(acme, 'list', async () => {
      cache.forgetProduct(acme, 'prd_1');
      return { at: 1 };
    });
    expect((await cache.answer(acme, 'list', async () => ({ at: 2 }))).answer.at).toBe(2);
  });
});
