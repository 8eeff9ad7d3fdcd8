import { canonicalJson, Problem } from '@zoco/kernel';

/** A value of `attributes`; the names are the shop's own. */
export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;
/** Attributes as they are written: null takes one away. */
export type AttributesPatch = Readonly<Record<string, AttributeValue | null>>;

/** What staff decide of a product. */
export interface ProductContent {
  readonly sku: string;
  readonly name: string;
  readonly description: string | null;
  readonly category: string | null;
  readonly price_cents: number;
  readonly currency: string;
  /** Null follows the tenant's rate. */
  readonly tax_rate_bps: number | null;
  readonly image_url: string | null;
  readonly attributes: Attributes;
}

/** A change: what is absent stays, and attributes merge name by name. */
export type ProductPatch = Partial<{
  readonly [K in Exclude<keyof ProductContent, 'attributes'>]: ProductContent[K] | undefined;
}> & { readonly attributes?: AttributesPatch | undefined };

export function mergeAttributes(current: Attributes, patch: AttributesPatch): Attributes {
  const merged: Record<string, AttributeValue> = { ...current };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

export function applyPatch(current: ProductContent, patch: ProductPatch): ProductContent {
  return {
    sku: patch.sku ?? current.sku,
    name: patch.name ?? current.name,
    description: patch.description === undefined ? current.description : patch.description,
    category: patch.category === undefined ? current.category : patch.category,
    price_cents: patch.price_cents ?? current.price_cents,
    currency: patch.currency ?? current.currency,
    tax_rate_bps: patch.tax_rate_bps === undefined ? current.tax_rate_bps : patch.tax_rate_bps,
    image_url: patch.image_url === undefined ? current.image_url : patch.image_url,
    attributes: mergeAttributes(current.attributes, patch.attributes ?? {}),
  };
}

/** Whether two products read the same to everybody: then nothing is written and nobody is told. */
export function sameContent(a: ProductContent, b: ProductContent): boolean {
  return canonicalJson(contentOf(a)) === canonicalJson(contentOf(b));
}

function contentOf(product: ProductContent): ProductContent {
  const { sku, name, description, category, price_cents, currency, tax_rate_bps, image_url, attributes } =
    product;
  return { sku, name, description, category, price_cents, currency, tax_rate_bps, image_url, attributes };
}

/**
 * A shop sells in one currency.
 * @throws Problem `request_invalid` that names the field
 */
export function requireCurrency(given: string | undefined, tenantCurrency: string): void {
  if (given === undefined || given === tenantCurrency) return;
  throw new Problem('invalid', 'request_invalid', 'The request is not valid.', {
    errors: [{ field: 'currency', code: 'currency_mismatch', detail: `must be ${tenantCurrency}` }],
  });
}

export function productNotFound(): Problem {
  return new Problem('not_found', 'product_not_found', 'There is no such product.');
}

export function skuTaken(): Problem {
  return new Problem('conflict', 'product_sku_taken', 'Another product has this sku.', {
    errors: [{ field: 'sku', code: 'product_sku_taken', detail: 'is the sku of another product' }],
  });
}

export function requireVersion(matches: boolean): void {
  if (matches) return;
  throw new Problem('precondition_failed', 'product_changed', 'The product was changed since it was read.');
}
