import type { AttributesPatch, ProductPatch } from './product.ts';
import { compactIsbn } from './isbn.ts';

/** What staff write of a book; what is absent stays, null takes away. */
export interface BookPatch {
  readonly isbn?: string | null | undefined;
  readonly title?: string | undefined;
  readonly author?: string | null | undefined;
  readonly editorial?: string | null | undefined;
  readonly category?: string | null | undefined;
  readonly price_cents?: number | undefined;
  readonly currency?: string | undefined;
  readonly description?: string | null | undefined;
  readonly cover_image_url?: string | null | undefined;
  readonly publication_year?: number | null | undefined;
  readonly language?: string | null | undefined;
  readonly pages?: number | null | undefined;
  readonly rating?: number | null | undefined;
}

const ATTRIBUTES = ['author', 'editorial', 'publication_year', 'language', 'pages', 'rating'] as const;

/** A change of a book as a change of the product that it is. */
export function productPatchOf(book: BookPatch): ProductPatch {
  const attributes: Record<string, AttributesPatch[string]> = {};
  for (const name of ATTRIBUTES) {
    const value = book[name];
    if (value !== undefined) attributes[name] = value;
  }
  if (book.isbn !== undefined) attributes['isbn'] = book.isbn === null ? null : compactIsbn(book.isbn);
  return {
    name: book.title,
    category: book.category,
    price_cents: book.price_cents,
    currency: book.currency,
    description: book.description,
    image_url: book.cover_image_url,
    attributes,
  };
}

/** What the flat shape of a book takes from a product. */
export interface BookSource {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string | null;
  readonly category: string | null;
  readonly price_cents: number;
  readonly currency: string;
  readonly image_url: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly stock: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A product as a book. Attributes that are missing, or not of the kind that a book has, are null. */
export function bookOf(product: BookSource) {
  const { attributes } = product;
  return {
    book_id: product.id,
    isbn: textOf(attributes['isbn']),
    title: product.name,
    author: textOf(attributes['author']),
    editorial: textOf(attributes['editorial']),
    category: product.category,
    price_cents: product.price_cents,
    currency: product.currency,
    description: product.description,
    cover_image_url: product.image_url,
    stock_quantity: product.stock,
    publication_year: numberOf(attributes['publication_year']),
    language: textOf(attributes['language']),
    pages: numberOf(attributes['pages']),
    rating: numberOf(attributes['rating']),
    is_active: true,
    created_at: product.created_at,
    updated_at: product.updated_at,
  };
}

function textOf(value: unknown): string | null {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
