import { z } from '@hono/zod-openapi';
import type { TenantSettings } from '@zoco/contracts';
import { type Ctx, hasRole, queryInteger } from '@zoco/service';
import { SORT_NAMES } from '../db/product-list.ts';
import type { ProductRow } from '../db/products.ts';
import { productFields } from '../rules/product-fields.ts';

const EXAMPLE_ID = 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m';
const example = {
  sku: '9780439023481',
  name: 'The Hunger Games',
  description: 'Katniss Everdeen takes her sister’s place.',
  category: 'fiction',
  price_cents: 1299,
  stock: 25,
  image_url: 'https://images.example/the-hunger-games.jpg',
  attributes: { author: 'Suzanne Collins', publication_year: 2008, language: 'en', rating: 4.34 },
};

/** An id in a path: one that cannot exist gets the same 404 as one that does not. */
export const idParams = z.object({
  id: z.string().max(64).openapi({ description: 'Id of the product.', example: EXAMPLE_ID }),
});

const description = productFields.description.meta({ description: 'Plain text.' });
const category = productFields.category.meta({ example: 'fiction' });
const attributes = productFields.attributes.meta({
  description:
    'What the shop tells beside the fixed fields: text, numbers, booleans or lists of text by snake_case name. `author` (also as "A, B" or a list), `original_title`, `isbn`, `rating` (0 to 5) and `ratings_count` take part in search, filters and ranking.',
  example: example.attributes,
});
const currency = productFields.currency.meta({
  description: 'The shop’s currency, which is also the default; another one is refused.',
  example: 'EUR',
});
const stock = productFields.stock.meta({
  description: 'Units that can be sold now; what orders have reserved is not among them.',
});
const taxRateBps = productFields.tax_rate_bps.meta({
  description: 'Basis points: 2100 is 21 %. Null follows the shop’s rate.',
  example: 400,
});
const priceCents = productFields.price_cents.meta({ description: 'In minor units of the currency.' });
const imageUrl = productFields.image_url.meta({ description: 'http or https; never fetched by us.' });

const optional = {
  description: description.optional(),
  category: category.optional(),
  currency: currency.optional(),
  image_url: imageUrl.optional(),
  attributes: attributes.optional(),
  tax_rate_bps: taxRateBps.optional(),
};

export const productInput = z
  .strictObject({
    sku: productFields.sku.meta({ description: 'Unique among the products on sale.' }),
    name: productFields.name,
    price_cents: priceCents,
    stock,
    ...optional,
  })
  .openapi('ProductInput', { example });

export const productReplacement = productInput
  .extend({ stock: stock.optional().meta({ description: 'Units for sale; absent leaves them.' }) })
  .openapi('ProductReplacement', { example: { ...example, price_cents: 1199 } });

export const productPatch = z
  .strictObject({
    sku: productFields.sku.optional(),
    name: productFields.name.optional(),
    price_cents: priceCents.optional(),
    stock: stock.optional(),
    ...optional,
    attributes: attributes.optional().meta({
      description: 'Merged by name; null takes an attribute away.',
      example: { rating: 4.4, editorial: null },
    }),
  })
  .openapi('ProductPatch', { example: { price_cents: 1199 } });

export const productSchema = z
  .object({
    id: z.string(),
    sku: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    category: z.string().nullable(),
    price_cents: z.int(),
    currency: z.string(),
    tax_rate_bps: z.int().meta({ description: 'The rate that applies, in basis points.' }),
    image_url: z.string().nullable(),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    stock: z.int().meta({ description: 'Units that can be sold now: on hand less reserved.' }),
    stock_on_hand: z.int().optional().meta({ description: 'For staff only.' }),
    stock_reserved: z.int().optional().meta({ description: 'For staff only.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    version: z
      .int()
      .meta({ description: 'Raised by every change of content; changes of stock do not count.' }),
  })
  .openapi('Product', {
    example: {
      id: EXAMPLE_ID,
      ...example,
      currency: 'EUR',
      tax_rate_bps: 400,
      created_at: '2026-11-22T10:15:00.000Z',
      updated_at: '2026-11-22T10:15:00.000Z',
      version: 1,
    },
  });

const filterText = z.string().trim().min(1).max(200);

/** Query parameters that narrow a list or a search. */
export const filterQuery = {
  category: filterText.optional().meta({ description: 'Case and accents do not count.', example: 'fiction' }),
  author: filterText.optional().meta({
    description:
      'An author, or words that follow each other in the name of one; case and accents do not count.',
    example: 'García Márquez',
  }),
  min_price_cents: queryInteger(0, 1e12).optional(),
  max_price_cents: queryInteger(0, 1e12).optional(),
  in_stock: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Only products that can, or cannot, be sold now.' }),
};

export const sortQuery = {
  sort: z.enum(SORT_NAMES).default('-created_at').meta({ description: '`-` begins with the largest.' }),
};

export interface FilterQuery {
  readonly category?: string | undefined;
  readonly author?: string | undefined;
  readonly min_price_cents?: number | undefined;
  readonly max_price_cents?: number | undefined;
  readonly in_stock?: 'true' | 'false' | undefined;
}

/** The filters of a query, and nothing else of it. */
export function filtersOf(query: FilterQuery) {
  const { category: inCategory, author, min_price_cents, max_price_cents, in_stock } = query;
  return {
    category: inCategory,
    author,
    min_price_cents,
    max_price_cents,
    in_stock: in_stock === undefined ? undefined : in_stock === 'true',
  };
}

/** Whether the reader sees what only staff see. The routes are open to all, so the scope of an API key is asked for here. */
export function isStaff({ principal }: Ctx): boolean {
  if (principal === undefined || !hasRole(principal.roles, 'staff')) return false;
  return principal.scopes === undefined || principal.scopes.includes('products:read');
}

export type ProductView = z.infer<typeof productSchema>;

/** A product as its reader may see it. */
export function productView(row: ProductRow, tenant: TenantSettings, staff: boolean): ProductView {
  return {
    id: row.id,
    sku: row.sku,
    name: row.name,
    description: row.description,
    category: row.category,
    price_cents: row.price_cents,
    currency: row.currency,
    tax_rate_bps: row.tax_rate_bps ?? tenant.tax_rate_bps,
    image_url: row.image_url,
    attributes: Object.fromEntries(
      Object.entries(row.attributes).map(([name, value]) => [
        name,
        typeof value === 'object' ? [...value] : value,
      ]),
    ),
    stock: row.on_hand - row.reserved,
    ...(staff ? { stock_on_hand: row.on_hand, stock_reserved: row.reserved } : {}),
    created_at: row.created_at,
    updated_at: row.updated_at,
    version: row.version,
  };
}
