import { type FieldError, Problem } from '@zoco/kernel';
import { z } from 'zod';
import { repairIsbn } from './isbn.ts';
import {
  applyPatch,
  type Attributes,
  type AttributesPatch,
  mergeAttributes,
  type ProductContent,
  sameContent,
} from './product.ts';
import { productFields } from './product-fields.ts';

/** One product of an import. What is absent stays as it is; a new product needs name and price. */
export const importRow = z.strictObject({
  sku: productFields.sku,
  name: productFields.name.optional(),
  description: productFields.description.optional(),
  category: productFields.category.optional(),
  price_cents: productFields.price_cents.optional(),
  currency: productFields.currency.optional(),
  stock: productFields.stock.optional(),
  tax_rate_bps: productFields.tax_rate_bps.optional(),
  image_url: productFields.image_url.optional(),
  attributes: productFields.attributes.optional(),
});
export type ImportRow = z.infer<typeof importRow>;

const ATTRIBUTE_COLUMN = /^attributes\.([a-z][a-z0-9_]{0,39})$/;
const COLUMNS = new Set(Object.keys(importRow.shape).filter((name) => name !== 'attributes'));
const NUMBERS = new Set(
  'price_cents stock tax_rate_bps rating ratings_count pages publication_year'.split(' '),
);
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Columns of a CSV by its header, in order: names of fields, and `attributes.<name>` for attributes.
 * @throws Problem `import_header_invalid` that names every column nobody knows, twice named, or missing
 */
export function columnsOf(header: readonly string[]): string[] {
  const columns = header.map((name) => name.trim());
  const errors: FieldError[] = columns.flatMap((name, at) => {
    if (!COLUMNS.has(name) && !ATTRIBUTE_COLUMN.test(name)) {
      return [{ field: name || `column ${at + 1}`, code: 'column_unknown', detail: 'is not a known column' }];
    }
    if (columns.indexOf(name) === at) return [];
    return [{ field: name, code: 'column_duplicate', detail: 'stands twice in the header' }];
  });
  if (!columns.includes('sku')) {
    errors.push({ field: 'sku', code: 'column_missing', detail: 'is needed in the header' });
  }
  if (errors.length === 0) return columns;
  throw new Problem('invalid', 'import_header_invalid', 'The header of the CSV is not right.', {
    errors: errors.slice(0, 50),
  });
}

/** A row of a CSV as the object that NDJSON would hold. An empty cell says nothing. */
export function objectOf(columns: readonly string[], fields: readonly string[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  const attributes: Record<string, unknown> = {};
  columns.forEach((column, at) => {
    const cell = fields[at]?.trim() ?? '';
    if (cell === '') return;
    const attribute = ATTRIBUTE_COLUMN.exec(column)?.[1];
    const value = NUMBERS.has(attribute ?? column) && NUMBER.test(cell) ? Number(cell) : cell;
    if (attribute === undefined) row[column] = value;
    else attributes[attribute] = value;
  });
  return Object.keys(attributes).length === 0 ? row : { ...row, attributes };
}

/** What becomes of a row. */
export type RowDecision =
  | { readonly kind: 'create'; readonly content: ProductContent; readonly stock: number }
  | { readonly kind: 'update'; readonly content: ProductContent }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refuse'; readonly errors: readonly FieldError[] };

/** Compares a row with the product that has its sku; `currency` is the shop's. */
export function decideRow(
  existing: ProductContent | undefined,
  row: ImportRow,
  currency: string,
): RowDecision {
  if (row.currency !== undefined && row.currency !== currency) {
    return refuse('currency', 'currency_mismatch', `must be ${currency}`);
  }
  const attributes = withRepairedIsbn(row.attributes ?? {});
  if (existing !== undefined) {
    const content = applyPatch(existing, { ...row, attributes });
    return sameContent(existing, content) ? { kind: 'unchanged' } : { kind: 'update', content };
  }
  if (row.name === undefined) return refuse('name', 'field_missing', 'is needed for a new product');
  if (row.price_cents === undefined) {
    return refuse('price_cents', 'field_missing', 'is needed for a new product');
  }
  const { sku, name, price_cents } = row;
  const blank: Attributes = {};
  return {
    kind: 'create',
    stock: row.stock ?? 0,
    content: {
      sku,
      name,
      price_cents,
      currency,
      description: row.description ?? null,
      category: row.category ?? null,
      tax_rate_bps: row.tax_rate_bps ?? null,
      image_url: row.image_url ?? null,
      attributes: mergeAttributes(blank, attributes),
    },
  };
}

function refuse(field: string, code: string, detail: string): RowDecision {
  return { kind: 'refuse', errors: [{ field, code, detail }] };
}

function withRepairedIsbn(attributes: AttributesPatch): AttributesPatch {
  const repaired = Object.entries(attributes).flatMap(([name, value]) => {
    const isIsbnValue = (name === 'isbn' || name === 'isbn13') && ['string', 'number'].includes(typeof value);
    return isIsbnValue ? [[name, repairIsbn(String(value))] as const] : [];
  });
  return { ...attributes, ...Object.fromEntries(repaired) };
}
