import { tenantId } from '@zoco/kernel';
import { z } from 'zod';
import { defineEvent } from './event.ts';
import {
  addressField,
  centsField,
  currencyField,
  exampleId,
  idField,
  localeField,
  rateBpsField,
  tenantIdField,
} from './fields.ts';

export const roleField = z.enum(['customer', 'staff', 'admin', 'platform']);
export type Role = z.infer<typeof roleField>;

/** A limit of `requests` within `window_seconds`. */
export const rateLimitField = z.strictObject({
  requests: z.int().min(1).max(10_000_000),
  window_seconds: z.int().min(1).max(3600),
});

/** Where the buyers of a shop send money. */
export const bankAccount = z.object({
  holder: z.string(),
  account_number: z.string().meta({
    description: 'An IBAN without spaces, or a national number as its bank writes it.',
  }),
  bic: z.string().nullable(),
  bank_name: z.string().nullable(),
});
export type BankAccount = z.infer<typeof bankAccount>;

/** Of no bank: nobody must be able to pay into an account of the documentation. */
export const exampleBankAccount: BankAccount = {
  holder: 'Libros del Zoco S.L.',
  account_number: 'ES4400000000061234567890',
  bic: 'ZOCOESM0XXX',
  bank_name: 'Banco de Ejemplo',
};

/** Everything about a tenant that other services act on; they keep it in memory. */
export const tenantSettings = z.object({
  id: tenantIdField,
  name: z.string(),
  active: z.boolean(),
  currency: currencyField,
  locale: localeField,
  time_zone: z.string(),
  tax_rate_bps: rateBpsField,
  prices_include_tax: z.boolean(),
  shipping_cents: centsField,
  cancel_window_minutes: z.int().min(0),
  reservation_minutes: z.int().min(1),
  payment_terms_days: z.int().min(0),
  rate_limits: z.object({ user: rateLimitField, tenant: rateLimitField, checkout: rateLimitField }),
  cors_origins: z.array(z.string()),
  hostnames: z.array(z.string()),
  legal_name: z.string().nullable(),
  tax_id: z.string().nullable(),
  legal_address: addressField.nullable(),
  bank_account: bankAccount.nullable().default(null),
  version: z.int().positive(),
});
export type TenantSettings = z.infer<typeof tenantSettings>;

export const customerSnapshot = z.object({
  id: idField('customer'),
  name: z.string(),
  email: z.string(),
  phone: z.string().nullable(),
  tax_id: z.string().nullable(),
  billing_address: addressField.nullable(),
  payment_terms_days: z.int().nullable(),
  version: z.int().positive(),
});
export type CustomerSnapshot = z.infer<typeof customerSnapshot>;

export const userSnapshot = z.object({
  user_id: idField('user'),
  email: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  roles: z.array(roleField),
  active: z.boolean(),
});

export type UserSnapshot = z.infer<typeof userSnapshot>;

/** `GET /internal/users/{user_id}/interests`: what a person likes, newest first, at most 500 of each. */
export const userInterests = z.object({
  favorite_ids: z.array(idField('product')),
  wishlist_ids: z.array(idField('product')),
  categories: z.array(z.string()),
  language: z.string().nullable(),
});
export type UserInterests = z.infer<typeof userInterests>;

/** `POST /internal/api-keys/exchange`: an access token for a machine client, valid for minutes. */
export const apiKeyExchangeRequest = z.strictObject({ api_key: z.string().max(200) });
export const apiKeyExchange = z.object({ access_token: z.string(), expires_in: z.int().positive() });
export type ApiKeyExchange = z.infer<typeof apiKeyExchange>;

const exampleUser: z.input<typeof userSnapshot> = {
  user_id: exampleId('user'),
  email: 'ana@example.com',
  first_name: 'Ana',
  last_name: 'García',
  roles: ['customer'],
  active: true,
};

const exampleCustomer: z.input<typeof customerSnapshot> = {
  id: exampleId('customer'),
  name: 'ACME Corporation',
  email: 'ops@acme.example',
  phone: '+1-555-0100',
  tax_id: null,
  billing_address: null,
  payment_terms_days: 30,
  version: 1,
};

export const exampleTenant: z.input<typeof tenantSettings> = {
  id: tenantId('libros'),
  name: 'Libros del Zoco',
  active: true,
  currency: 'EUR',
  locale: 'es-ES',
  time_zone: 'Europe/Madrid',
  tax_rate_bps: 400,
  prices_include_tax: true,
  shipping_cents: 350,
  cancel_window_minutes: 10,
  reservation_minutes: 15,
  payment_terms_days: 30,
  rate_limits: {
    user: { requests: 100, window_seconds: 10 },
    tenant: { requests: 1000, window_seconds: 10 },
    checkout: { requests: 20, window_seconds: 60 },
  },
  cors_origins: ['https://shop.example'],
  hostnames: ['shop.example'],
  legal_name: 'Libros del Zoco S.L.',
  tax_id: 'B12345674',
  legal_address: { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' },
  bank_account: exampleBankAccount,
  version: 1,
};

export const tenantUpdated = defineEvent({
  type: 'tenant.updated',
  producer: 'users',
  summary: 'A tenant was created or its settings changed; carries all settings.',
  data: tenantSettings,
  example: exampleTenant,
});

export const userRegistered = defineEvent({
  type: 'user.registered',
  producer: 'users',
  summary: 'A user account was created.',
  data: userSnapshot,
  example: exampleUser,
});

export const userUpdated = defineEvent({
  type: 'user.updated',
  producer: 'users',
  summary: 'Profile, roles or state of a user changed.',
  data: userSnapshot,
  example: exampleUser,
});

export const userDeleted = defineEvent({
  type: 'user.deleted',
  producer: 'users',
  summary: 'A user was deleted (soft); sessions are revoked.',
  data: z.object({ user_id: idField('user') }),
  example: { user_id: exampleUser.user_id },
});

export const customerCreated = defineEvent({
  type: 'customer.created',
  producer: 'users',
  summary: 'A B2B customer was created.',
  data: customerSnapshot,
  example: exampleCustomer,
});

export const customerUpdated = defineEvent({
  type: 'customer.updated',
  producer: 'users',
  summary: 'Data of a B2B customer changed.',
  data: customerSnapshot,
  example: { ...exampleCustomer, version: 2 },
});

export const customerDeleted = defineEvent({
  type: 'customer.deleted',
  producer: 'users',
  summary: 'A B2B customer was deleted (soft).',
  data: z.object({ id: idField('customer') }),
  example: { id: exampleCustomer.id },
});
