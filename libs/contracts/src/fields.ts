import {
  CENTS_MAX,
  type Id,
  ID_PREFIXES,
  type IdKind,
  isCurrency,
  isId,
  isTenantId,
  type TenantId,
} from '@zoco/kernel';
import { z } from 'zod';

/** A well-formed id of one kind, branded. */
export const idField = <K extends IdKind>(kind: K) =>
  z
    .custom<Id<K>>((value) => isId(kind, value), `must be a ${kind} id`)
    .meta({
      type: 'string',
      pattern: `^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`,
    });

/** An id to show in examples: always the same, so that generated pages change only when the contract does. */
export const exampleId = <K extends IdKind>(kind: K): Id<K> =>
  idField(kind).parse(`${ID_PREFIXES[kind]}_01jqb3k5xwf7kt3qk5v1y6zj3m`);

export const tenantIdField = z
  .custom<TenantId>(isTenantId, 'must be a tenant id: a slug of 2 to 31 characters, starting with a letter')
  .meta({ type: 'string', pattern: '^[a-z][a-z0-9-]{1,30}$', examples: ['acme'] });

/** An amount in minor units that cannot be negative. */
export const centsField = z
  .int()
  .min(0)
  .max(CENTS_MAX)
  .meta({ description: 'In minor units of the currency.' });

export const currencyField = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .refine(isCurrency, 'must be an ISO 4217 currency code')
  .meta({ description: 'ISO 4217 code.', examples: ['EUR'] });

/** Tax rate in basis points: 2100 is 21 %. */
export const rateBpsField = z
  .int()
  .min(0)
  .max(10_000)
  .meta({ description: 'In basis points: 2100 is 21 %.' });

export const timeField = z.iso
  .datetime({ offset: false })
  .meta({ description: 'RFC 3339, UTC.', examples: ['2026-11-22T10:15:00.000Z'] });

export const localeField = z.enum(['en-US', 'en-GB', 'es-ES', 'es-MX', 'es-CO']);

/** A postal address; `country` is ISO 3166-1 alpha-2. */
export const addressField = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  line1: z.string().trim().min(1).max(200),
  line2: z.string().trim().max(200).optional(),
  city: z.string().trim().min(1).max(120),
  region: z.string().trim().max(120).optional(),
  postal_code: z.string().trim().min(1).max(20),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 country code'),
});
export type Address = z.infer<typeof addressField>;
