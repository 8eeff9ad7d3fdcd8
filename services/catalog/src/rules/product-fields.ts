import { centsField, currencyField, rateBpsField } from '@zoco/contracts';
import { z } from 'zod';

/** Most units that a product can have. */
export const UNITS_MAX = 1_000_000_000;
const ATTRIBUTES_MAX = 50;
const ATTRIBUTES_CHARACTERS_MAX = 16_000;

const oneLine = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), 'may not contain control characters');

/** One value of `attributes`; null takes the attribute away. */
const attributeValue = z.union([
  z.string().max(5000),
  z.number(),
  z.boolean(),
  z.array(z.string().max(500)).max(50),
  z.null(),
]);

const attributeName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be snake_case, at most 40 characters');

/** What may stand in the fields of a product, whether it comes as JSON, as a book or as a line of an import. */
export const productFields = {
  sku: oneLine(64),
  name: oneLine(500),
  description: z.string().trim().max(20_000).nullable(),
  category: oneLine(100).nullable(),
  price_cents: centsField,
  currency: currencyField,
  stock: z.int().min(0).max(UNITS_MAX),
  image_url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable(),
  attributes: z
    .record(attributeName, attributeValue)
    .refine(
      (value) => Object.keys(value).length <= ATTRIBUTES_MAX,
      `may have at most ${ATTRIBUTES_MAX} names`,
    )
    .refine(
      (value) => JSON.stringify(value).length <= ATTRIBUTES_CHARACTERS_MAX,
      `may have at most ${ATTRIBUTES_CHARACTERS_MAX} characters as JSON`,
    ),
  tax_rate_bps: rateBpsField.nullable(),
};
