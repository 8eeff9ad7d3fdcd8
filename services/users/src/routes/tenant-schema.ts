import { z } from '@hono/zod-openapi';
import {
  bankAccount,
  centsField,
  currencyField,
  exampleBankAccount,
  exampleTenant,
  localeField,
  rateBpsField,
  rateLimitField,
  tenantIdField,
  tenantSettings,
} from '@zoco/contracts';
import { addressInput } from '@zoco/service';
import { accountNumberFault, isBic, normalAccountNumber } from '../rules/bank-account.ts';
import { isHostname, isOrigin, isTimeZone } from '../rules/tenant-settings.ts';
import { emailField, lineField, newPasswordField } from './user-schema.ts';

/** In one order and each once, so that writing the same list in another order changes nothing. */
const sorted = (items: string[]): string[] => [...new Set(items)].toSorted();

const stringList = { type: 'array', items: { type: 'string' } } as const;

// Room for the spaces that people write; the rule knows how long a number is.
const accountNumberField = z
  .string()
  .max(80, { abort: true })
  .transform(normalAccountNumber)
  .superRefine((number, check) => {
    const fault = accountNumberFault(number);
    if (fault !== undefined) check.addIssue({ code: 'custom', message: fault });
  })
  .openapi({
    type: 'string',
    description:
      'An IBAN, in any case and with or without spaces, is checked and kept in its electronic form. Else a national number: 4 to 34 digits, with single spaces or hyphens between them, kept as it is written.',
  });

const bicField = z
  .string()
  .max(20, { abort: true })
  .transform((text) => text.trim().toUpperCase())
  .refine(isBic, 'must be a BIC: 8 or 11 letters and digits, such as DEUTDEFF');

const bankAccountInput = z.strictObject({
  holder: lineField(140),
  account_number: accountNumberField,
  bic: bicField
    .nullable()
    .default(null)
    .openapi({ type: ['string', 'null'], description: 'Of the bank (ISO 9362).' }),
  bank_name: lineField(140).nullable().default(null),
});

/** All settings that can be given, each with its rule. */
const fields = {
  name: lineField(120),
  active: z.boolean().openapi({ description: 'A tenant that is not active answers 403 to everybody.' }),
  currency: currencyField,
  locale: localeField.meta({ description: 'Language and formats of search, invoices and messages.' }),
  time_zone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be UTC or the IANA name of a place, such as Europe/Madrid')
    .openapi({ example: 'Europe/Madrid', description: 'IANA name; days and months of reports and series.' }),
  tax_rate_bps: rateBpsField.meta({ description: 'Of products that name no rate; 2100 is 21 %.' }),
  prices_include_tax: z.boolean(),
  shipping_cents: centsField.meta({ description: 'Flat, per order.' }),
  cancel_window_minutes: z.int().min(0).max(43_200).openapi({
    description: 'How long a buyer may cancel a confirmed order.',
  }),
  reservation_minutes: z.int().min(1).max(1440).openapi({
    description: 'How long stock is held for an order that is not paid.',
  }),
  payment_terms_days: z.int().min(0).max(365),
  rate_limits: z.strictObject({ user: rateLimitField, tenant: rateLimitField, checkout: rateLimitField }),
  cors_origins: z
    .array(z.string().max(300).refine(isOrigin, 'must be an origin such as https://shop.example'))
    .max(50)
    .transform(sorted)
    .openapi(stringList),
  hostnames: z
    .array(z.string().max(253).refine(isHostname, 'must be a host name in lower case, such as shop.example'))
    .max(20)
    .transform(sorted)
    .openapi({ ...stringList, description: 'Each leads to this tenant alone.' }),
  legal_name: lineField(200).nullable(),
  tax_id: lineField(40).nullable(),
  legal_address: addressInput.nullable(),
  bank_account: bankAccountInput.nullable().openapi({
    description:
      'Where buyers send the money of a transfer or of an order on account: told with an order by transfer, printed on invoices that are not paid. Null: nowhere.',
    example: exampleBankAccount,
  }),
};

const { id: _id, version: _version, active: _active, ...exampleSettings } = exampleTenant;

export const tenantPatch = z
  .strictObject(fields)
  .partial()
  .openapi('TenantPatch', { example: { shipping_cents: 350, cancel_window_minutes: 20 } });

const { name, currency, locale, ...optional } = fields;

export const tenantInput = z
  .strictObject({
    id: tenantIdField.meta({ description: 'Slug, fixed for ever.' }),
    name,
    currency,
    locale,
    ...z.strictObject(optional).partial().shape,
    admin: z
      .strictObject({
        email: emailField,
        password: newPasswordField,
        first_name: lineField(100).optional(),
        last_name: lineField(100).optional(),
      })
      .openapi({ description: 'The first administrator, created with the tenant.' }),
  })
  .openapi('TenantInput', {
    example: {
      id: 'libros',
      ...exampleSettings,
      admin: { email: 'admin@libros.example', password: 'correct horse battery' },
    },
  });

// Not as readers of older events see it: here it is always said.
const bank_account = bankAccount.nullable();

export const tenantSchema = z
  .object({ ...tenantSettings.shape, bank_account })
  .openapi('Tenant', { example: exampleTenant });
