import type { ReadTx } from '@zoco/postgres';
import { z } from 'zod';
import { type Fragment, productColumns, type ProductRow } from './products.ts';

type Sql = ReadTx['sql'];

export interface ProductFilters {
  readonly category?: string | undefined;
  readonly author?: string | undefined;
  readonly min_price_cents?: number | undefined;
  readonly max_price_cents?: number | undefined;
  readonly in_stock?: boolean | undefined;
}

/** Conditions on `products p` and `stock s`. Category and author are compared without case and accents. */
export function filterConditions(sql: Sql, filters: ProductFilters): Fragment {
  const { category, author, min_price_cents: min, max_price_cents: max, in_stock: inStock } = filters;
  return sql`p.deleted_at is null
    ${category === undefined ? sql`` : sql`and p.category_key = search_key(${category})`}
    ${author === undefined ? sql`` : sql`and strpos(p.author_key, ' ' || search_key(${author}) || ' ') > 0`}
    ${min === undefined ? sql`` : sql`and p.price_cents >= ${min}`}
    ${max === undefined ? sql`` : sql`and p.price_cents <= ${max}`}
    ${inStock === undefined ? sql`` : inStock ? sql`and s.on_hand > s.reserved` : sql`and s.on_hand = s.reserved`}`;
}

interface Sort {
  /** The sort key as text or number, for the cursor. */
  readonly value: (sql: Sql) => Fragment;
  readonly order: (sql: Sql) => Fragment;
  /** Rows after the last one of the page before. */
  readonly after: (sql: Sql, value: string | number, id: string) => Fragment;
  readonly cursor: z.ZodType<readonly [string | number, string]>;
}

const textKey = z.tuple([z.string().max(1000), z.string().max(64)]);
// Narrower than the types of their columns, which refuse the rest with an error of their own.
const timeKey = z.tuple([z.iso.datetime().refine((text) => text >= '1900'), z.string().max(64)]);
const ratingKey = z.tuple([z.number().min(0).max(5).transform(Math.fround), z.string().max(64)]);
const centsKey = z.tuple([z.int(), z.string().max(64)]);

const createdAt = (sql: Sql) =>
  sql`to_char(p.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// Each pair of key and id has an index in both directions; the id makes the order total, so that no page skips or repeats.
export const SORTS = {
  created_at: {
    value: createdAt,
    order: (sql) => sql`p.created_at, p.id`,
    after: (sql, value, id) => sql`and (p.created_at, p.id) > (${value}::timestamptz, ${id})`,
    cursor: timeKey,
  },
  '-created_at': {
    value: createdAt,
    order: (sql) => sql`p.created_at desc, p.id desc`,
    after: (sql, value, id) => sql`and (p.created_at, p.id) < (${value}::timestamptz, ${id})`,
    cursor: timeKey,
  },
  price_cents: {
    value: (sql) => sql`p.price_cents::float8`,
    order: (sql) => sql`p.price_cents, p.id`,
    after: (sql, value, id) => sql`and (p.price_cents, p.id) > (${value}::bigint, ${id})`,
    cursor: centsKey,
  },
  '-price_cents': {
    value: (sql) => sql`p.price_cents::float8`,
    order: (sql) => sql`p.price_cents desc, p.id desc`,
    after: (sql, value, id) => sql`and (p.price_cents, p.id) < (${value}::bigint, ${id})`,
    cursor: centsKey,
  },
  name: {
    value: (sql) => sql`p.name_key`,
    order: (sql) => sql`p.name_key, p.id`,
    after: (sql, value, id) => sql`and (p.name_key, p.id) > (${value}, ${id})`,
    cursor: textKey,
  },
  '-name': {
    value: (sql) => sql`p.name_key`,
    order: (sql) => sql`p.name_key desc, p.id desc`,
    after: (sql, value, id) => sql`and (p.name_key, p.id) < (${value}, ${id})`,
    cursor: textKey,
  },
  rating: {
    value: (sql) => sql`p.rating`,
    order: (sql) => sql`p.rating, p.id`,
    after: (sql, value, id) => sql`and (p.rating, p.id) > (${value}::real, ${id})`,
    cursor: ratingKey,
  },
  '-rating': {
    value: (sql) => sql`p.rating`,
    order: (sql) => sql`p.rating desc, p.id desc`,
    after: (sql, value, id) => sql`and (p.rating, p.id) < (${value}::real, ${id})`,
    cursor: ratingKey,
  },
} as const satisfies Record<string, Sort>;

export type SortName = keyof typeof SORTS;
export const SORT_NAMES = Object.keys(SORTS).filter((name): name is SortName => name in SORTS);

export type ListedProduct = ProductRow & { readonly sort_key: string | number };

/** Products on sale in the order of `sort`, after the cursor. */
export function listProducts(
  tx: ReadTx,
  filters: ProductFilters,
  sort: SortName,
  after: readonly [string | number, string] | undefined,
  limit: number,
): Promise<ListedProduct[]> {
  const { sql } = tx;
  const by: Sort = SORTS[sort];
  return sql<ListedProduct[]>`
    select ${productColumns(sql)}, ${by.value(sql)} as sort_key
    from products p join stock s on s.tenant_id = p.tenant_id and s.product_id = p.id
    where ${filterConditions(sql, filters)} ${after === undefined ? sql`` : by.after(sql, ...after)}
    order by ${by.order(sql)} limit ${limit}`;
}
