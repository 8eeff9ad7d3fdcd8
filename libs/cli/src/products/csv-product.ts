import { z } from 'zod';
import type { ProductLine } from './product-line.ts';

const ATTRIBUTE = 'attributes.';

/** Columns of a plain CSV of products; every further one starts with `attributes.`. */
export const CSV_COLUMNS = [
  'sku',
  'name',
  'description',
  'price_cents',
  'currency',
  'stock',
  'category',
  'image_url',
  'tax_rate_bps',
] as const;

const REQUIRED = ['sku', 'name', 'price_cents', 'stock'] as const;

/** What is wrong with a header, in half a sentence; undefined when nothing is. */
export function headerFault(header: readonly string[]): string | undefined {
  const missing = REQUIRED.filter((name) => !header.includes(name));
  if (missing.length > 0) return `the columns ${missing.join(', ')} are missing`;
  const known: readonly string[] = CSV_COLUMNS;
  const unknown = header.find((name) => !known.includes(name) && !name.startsWith(ATTRIBUTE));
  return unknown === undefined
    ? undefined
    : `the column '${unknown}' is not one of ${CSV_COLUMNS.join(', ')}, attributes.<name>`;
}

const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, 'is not a whole number')
  .transform(Number);
const optionalInteger = z.union([z.literal('').transform(() => undefined), integer]).optional();
const optionalText = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

/** One row; only what a product cannot be built without is checked here, the rest is the catalog's to judge. */
export const csvRow = z.object({
  sku: z.string(),
  name: z.string(),
  description: optionalText,
  price_cents: integer,
  currency: optionalText,
  stock: integer,
  category: optionalText,
  image_url: optionalText,
  tax_rate_bps: optionalInteger,
});

/** A row of a plain CSV as a product; empty fields are left out. */
export function productOfCsv(
  row: z.output<typeof csvRow>,
  fields: Readonly<Record<string, string>>,
): ProductLine {
  const attributes = Object.fromEntries(
    Object.entries(fields)
      .filter(([name, value]) => name.startsWith(ATTRIBUTE) && value !== '')
      .map(([name, value]): [string, string | number] => [name.slice(ATTRIBUTE.length), scalar(value)]),
  );
  return { ...row, attributes: Object.keys(attributes).length === 0 ? undefined : attributes };
}

/** A number where the text is exactly how one is written: `2004` and `4.5`, not `0439023483` or `1e3`. */
function scalar(text: string): string | number {
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}
