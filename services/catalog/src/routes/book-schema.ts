import { z } from '@hono/zod-openapi';
import type { TenantSettings } from '@zoco/contracts';
import type { ProductRow } from '../db/products.ts';
import { bookOf } from '../rules/book.ts';
import { isAcceptableIsbn } from '../rules/isbn.ts';
import { productFields } from '../rules/product-fields.ts';
import { productView } from './product-schema.ts';

const example = {
  isbn: '9780132350884',
  title: 'Clean Code',
  author: 'Robert C. Martin',
  editorial: 'Prentice Hall',
  category: 'programming',
  price_cents: 4999,
  description: 'A handbook of agile software craftsmanship.',
  cover_image_url: 'https://images.example/clean-code.jpg',
  stock_quantity: 50,
  publication_year: 2008,
  language: 'en',
  pages: 464,
  rating: 4.4,
};

const text = (max: number) => z.string().trim().min(1).max(max);

const fields = {
  isbn: text(40)
    .refine(isAcceptableIsbn, 'has 10 or 13 digits, but its check digit is wrong')
    .nullable()
    .meta({ description: 'ISBN-10 or ISBN-13; hyphens and spaces do not count.', example: example.isbn }),
  title: productFields.name,
  author: text(1000).nullable().meta({ description: 'Several ones separated by commas.' }),
  editorial: text(200).nullable().meta({ description: 'The publisher.' }),
  category: productFields.category,
  price_cents: productFields.price_cents.meta({ description: 'In minor units of the currency.' }),
  currency: productFields.currency.meta({ description: 'The shop’s, which is also the default.' }),
  description: productFields.description,
  cover_image_url: productFields.image_url.meta({ description: 'http or https; never fetched by us.' }),
  stock_quantity: productFields.stock.meta({ description: 'Units that can be sold now.' }),
  publication_year: z.int().min(-3000).max(9999).nullable().meta({ description: 'Negative before our era.' }),
  language: text(35).nullable().meta({ description: 'BCP 47.' }),
  pages: z.int().min(1).max(100_000).nullable(),
  rating: z.number().min(0).max(5).nullable(),
};

const changes = z.strictObject(fields).partial();

export const bookPatch = changes.openapi('BookPatch', { example: { price_cents: 4499, rating: 4.5 } });

export const bookInput = changes
  .extend({
    title: fields.title,
    price_cents: fields.price_cents,
    stock_quantity: fields.stock_quantity.default(0),
  })
  .openapi('BookInput', { example });

export const bookSchema = z
  .object({
    book_id: z.string(),
    isbn: z.string().nullable(),
    title: z.string(),
    author: z.string().nullable(),
    editorial: z.string().nullable(),
    category: z.string().nullable(),
    price_cents: z.int(),
    currency: z.string(),
    description: z.string().nullable(),
    cover_image_url: z.string().nullable(),
    stock_quantity: z.int(),
    publication_year: z.number().nullable(),
    language: z.string().nullable(),
    pages: z.number().nullable(),
    rating: z.number().nullable(),
    is_active: z.boolean().meta({ description: 'Books that are off sale are not shown.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .openapi('Book', {
    example: {
      book_id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m',
      ...example,
      currency: 'EUR',
      is_active: true,
      created_at: '2026-11-22T10:15:00.000Z',
      updated_at: '2026-11-22T10:15:00.000Z',
    },
  });

export function bookView(row: ProductRow, tenant: TenantSettings): z.infer<typeof bookSchema> {
  return bookOf(productView(row, tenant, false));
}
