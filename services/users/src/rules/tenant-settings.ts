import type { TenantSettings } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { changesOf, type Wanted } from './changes.ts';

/** What is stored of a tenant as one document; id, host names and version have columns of their own. */
export type StoredSettings = Omit<TenantSettings, 'id' | 'version' | 'hostnames'>;

export type SettingsPatch = Wanted<Omit<TenantSettings, 'id' | 'version'>>;

/**
 * Settings that bind the platform and not the shop: being there, its share of the machines, its addresses, and the currency,
 * in which products, orders and books of account already stand.
 */
const PLATFORM_FIELDS = ['active', 'rate_limits', 'hostnames', 'currency'] as const;

/** @throws Problem `tenant_field_forbidden`, naming the fields that a tenant's own admin may not set */
export function assertOwnFields(patch: SettingsPatch): void {
  const errors = PLATFORM_FIELDS.filter((field) => patch[field] !== undefined).map((field) => ({
    field,
    code: 'platform_only',
    detail: 'can be changed by the platform only',
  }));
  if (errors.length === 0) return;
  throw new Problem('forbidden', 'tenant_field_forbidden', 'These settings belong to the platform.', {
    errors,
  });
}

const TENANT_DEFAULTS: Omit<StoredSettings, 'name' | 'currency' | 'locale'> = {
  active: true,
  time_zone: 'UTC',
  tax_rate_bps: 0,
  prices_include_tax: true,
  shipping_cents: 0,
  cancel_window_minutes: 10,
  reservation_minutes: 15,
  payment_terms_days: 30,
  rate_limits: {
    user: { requests: 100, window_seconds: 10 },
    tenant: { requests: 1000, window_seconds: 10 },
    checkout: { requests: 20, window_seconds: 60 },
  },
  cors_origins: [],
  legal_name: null,
  tax_id: null,
  legal_address: null,
  bank_account: null,
};

type Required = Pick<TenantSettings, 'id' | 'name' | 'currency' | 'locale'>;

/** The settings of a new tenant: what is given, and defaults for the rest. */
export function withDefaults(given: Required & SettingsPatch): Omit<TenantSettings, 'version'> {
  const { id, name, currency, locale, hostnames = [] } = given;
  return { ...TENANT_DEFAULTS, ...changesOf(TENANT_DEFAULTS, given), id, name, currency, locale, hostnames };
}

/** Areas of the IANA database that are on the map; `US`, `Etc` and the like hold old names and offsets. */
const AREA = /^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)\//;

/**
 * `UTC`, or the IANA name of a place, links such as `Asia/Kolkata` included. PostgreSQL has to read it as JavaScript does: of the
 * short names it refuses some, such as `AET`, and takes others, such as `IST`, for another zone. Offsets know no summer time.
 */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true;
  if (!AREA.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Scheme, host and port as a browser sends them in `Origin`; never `*` or `null`. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === text;
}

/** A DNS name in lower case: what a `Host` header is compared with (RFC 1123; internationalised names as punycode). */
export function isHostname(text: string): boolean {
  return (
    text.length <= 253 &&
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(text)
  );
}
