import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { ProductContent } from '../rules/product.ts';

/** A product with its stock, as the routes show it. */
export interface ProductRow extends ProductContent {
  readonly id: Id<'product'>;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly on_hand: number;
  readonly reserved: number;
  readonly stock_version: number;
}

/** Columns of a `ProductRow` from `products p` and `stock s`; times as RFC 3339 text. */
export const productColumns = (sql: ReadTx['sql']) => sql`
  p.id, p.sku, p.name, p.description, p.category, p.price_cents::float8 as price_cents, p.currency, p.tax_rate_bps,
  p.image_url, p.attributes, p.version, s.on_hand, s.reserved, s.version as stock_version,
  to_char(p.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at,
  to_char(p.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as updated_at`;

/** A piece of SQL with its parameters. */
export type Fragment = ReturnType<typeof productColumns>;

/** Products on sale by id, in no order; unknown and deleted ones are left out. */
export function findProducts(tx: ReadTx, ids: readonly string[]): Promise<ProductRow[]> {
  return tx.sql<ProductRow[]>`
    select ${productColumns(tx.sql)} from products p
    join stock s on s.tenant_id = p.tenant_id and s.product_id = p.id
    where p.id = any(${[...ids]}::text[]) and p.deleted_at is null`;
}

/** One product with its row locked against other writers. Its stock is not: sales go on. */
export async function lockProduct(tx: Tx, id: string): Promise<ProductRow | undefined> {
  const [row] = await tx.sql<ProductRow[]>`
    select ${productColumns(tx.sql)} from products p
    join stock s on s.tenant_id = p.tenant_id and s.product_id = p.id
    where p.id = ${id} and p.deleted_at is null for update of p`;
  return row;
}

export function findBySkus(tx: ReadTx, skus: readonly string[]): Promise<ProductRow[]> {
  return tx.sql<ProductRow[]>`
    select ${productColumns(tx.sql)} from products p
    join stock s on s.tenant_id = p.tenant_id and s.product_id = p.id
    where p.sku = any(${[...skus]}::text[]) and p.deleted_at is null`;
}

export interface NewProduct extends ProductContent {
  readonly id: Id<'product'>;
  readonly stock: number;
  readonly moveId: Id<'stockMove'>;
}

export interface Movement {
  readonly reason: string;
  readonly actorId: string | null;
}

/**
 * Adds products with their stock and its first move, in one statement. A sku that is taken adds nothing, so fewer rows come
 * back than went in. In order of sku: two imports of the same file then wait for each other instead of deadlocking.
 */
export function insertProducts(
  tx: Tx,
  products: readonly NewProduct[],
  movement: Movement,
): Promise<ProductRow[]> {
  const rows = JSON.stringify(products.map(({ moveId, ...row }) => ({ ...row, move_id: moveId })));
  return tx.sql<ProductRow[]>`
    with input as (
      select * from jsonb_to_recordset(${rows}::text::jsonb) as r(
        id text, sku text, name text, description text, category text, price_cents bigint, currency text,
        tax_rate_bps int, image_url text, attributes jsonb, stock int, move_id text)),
    p as (
      insert into products (tenant_id, id, sku, name, description, category, price_cents, currency, tax_rate_bps,
        image_url, attributes)
      select ${tx.tenantId}, id, sku, name, description, category, price_cents, currency, tax_rate_bps, image_url,
        attributes
      from input order by sku
      on conflict (tenant_id, sku) where deleted_at is null do nothing
      returning *),
    s as (
      insert into stock (tenant_id, product_id, on_hand)
      select p.tenant_id, p.id, i.stock from p join input i on i.id = p.id
      returning *),
    moved as (
      insert into stock_moves (tenant_id, product_id, id, kind, on_hand_delta, reserved_delta, on_hand_after,
        reserved_after, reason, actor_id)
      select s.tenant_id, s.product_id, i.move_id, 'adjust', s.on_hand, 0, s.on_hand, 0, ${movement.reason},
        ${movement.actorId}
      from s join input i on i.id = s.product_id where s.on_hand > 0)
    select ${productColumns(tx.sql)} from p join s on s.product_id = p.id`;
}

export interface ChangedProduct extends ProductContent {
  readonly id: Id<'product'>;
  /** Version that was read: a row that has another by now stays as it is. */
  readonly version: number;
}

/** What an update gives a product. */
export interface Revision {
  readonly id: Id<'product'>;
  readonly version: number;
  readonly updated_at: string;
}

/**
 * Replaces the content of products, each only if nobody changed it since it was read. `updated_at` always moves on, also
 * within a millisecond: readers of the events order by it.
 */
export function updateProducts(tx: Tx, products: readonly ChangedProduct[]): Promise<Revision[]> {
  return tx.sql<Revision[]>`
    update products p
    set sku = r.sku, name = r.name, description = r.description, category = r.category, price_cents = r.price_cents,
        currency = r.currency, tax_rate_bps = r.tax_rate_bps, image_url = r.image_url, attributes = r.attributes,
        version = p.version + 1, updated_at = greatest(now(), p.updated_at + interval '1 millisecond')
    from (select * from jsonb_to_recordset(${JSON.stringify(products)}::text::jsonb) as i(
      id text, version int, sku text, name text, description text, category text, price_cents bigint, currency text,
      tax_rate_bps int, image_url text, attributes jsonb) order by i.id) r
    where p.tenant_id = ${tx.tenantId} and p.id = any(${products.map(({ id }) => id)}::text[]) and p.id = r.id
      and p.version = r.version and p.deleted_at is null
    returning p.id, p.version,
      to_char(p.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as updated_at`;
}

/** Takes a product off sale. Its stock and its moves stay, its sku is free again. */
export async function markDeleted(
  tx: Tx,
  id: string,
): Promise<{ id: Id<'product'>; sku: string; version: number } | undefined> {
  const [row] = await tx.sql<{ id: Id<'product'>; sku: string; version: number }[]>`
    update products set deleted_at = now(), updated_at = greatest(now(), updated_at + interval '1 millisecond'),
      version = version + 1
    where tenant_id = ${tx.tenantId} and id = ${id} and deleted_at is null
    returning id, sku, version`;
  return row;
}

export interface CategoryCount {
  readonly category: string;
  readonly count: number;
}

/** Categories in use with their numbers of products, by name. Spellings that differ in case or accents are one. */
export function countCategories(tx: ReadTx): Promise<CategoryCount[]> {
  return tx.sql<CategoryCount[]>`
    select mode() within group (order by category) as category, count(*)::int as count
    from products where deleted_at is null and category_key is not null
    group by category_key order by category_key`;
}
