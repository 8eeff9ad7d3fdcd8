import type { ProductLookup } from '@zoco/contracts';
import type { Tx } from '@zoco/postgres';

type Product = Omit<ProductLookup['data'][number], 'stock'>;

/** Keeps what catalog says of products, unless something newer is known. */
export async function saveProducts(tx: Tx, products: readonly Product[]): Promise<void> {
  if (products.length === 0) return;
  await tx.sql`
    insert into product_copies as p (tenant_id, product_id, sku, name, image_url, price_cents, currency, changed_at)
    select ${tx.tenantId}, n.product_id, n.sku, n.name, n.image_url, n.price_cents, n.currency, n.updated_at
    from jsonb_to_recordset(${JSON.stringify(products)}::text::jsonb) as n(product_id text, sku text, name text,
      image_url text, price_cents bigint, currency text, updated_at timestamptz)
    order by n.product_id
    on conflict (tenant_id, product_id) do update
      set sku = excluded.sku, name = excluded.name, image_url = excluded.image_url,
          price_cents = excluded.price_cents, currency = excluded.currency,
          changed_at = excluded.changed_at, deleted_at = null
      where p.changed_at < excluded.changed_at`;
}

/** Takes over a change of a product that some cart knows; products that none ever held are no concern of ours. */
export async function updateProduct(tx: Tx, product: Product): Promise<void> {
  await tx.sql`
    update product_copies
    set sku = ${product.sku}, name = ${product.name}, image_url = ${product.image_url},
        price_cents = ${product.price_cents}, currency = ${product.currency}, changed_at = ${product.updated_at}
    where tenant_id = ${tx.tenantId} and product_id = ${product.product_id} and changed_at < ${product.updated_at}`;
}

export async function markDeleted(tx: Tx, productId: string, at: Date): Promise<void> {
  await tx.sql`
    update product_copies set deleted_at = ${at.toISOString()}
    where tenant_id = ${tx.tenantId} and product_id = ${productId}`;
}
