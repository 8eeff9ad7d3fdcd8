import type { Address, Role } from '@zoco/contracts';
import { createdAt, id, tenantIdColumn, time, updatedAt, version } from '@zoco/postgres';
import type { Scope } from '@zoco/service';
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { KeyState } from '../rules/key-rotation.ts';
import type { StoredSettings } from '../rules/tenant-settings.ts';

export { deadLetters, inbox, outbox } from '@zoco/events';

/** A tenant is its own `tenant_id`. Its settings are always read and written whole, and parsed when they are. */
export const tenants = pgTable('tenants', {
  tenantId: tenantIdColumn().primaryKey(),
  settings: jsonb('settings').$type<StoredSettings>().notNull(),
  version: version(),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

/** Host names of all shops. The unique index spans tenants on purpose: a name leads to one shop. */
export const tenantHostnames = pgTable(
  'tenant_hostnames',
  {
    tenantId: tenantIdColumn().references(() => tenants.tenantId),
    hostname: text('hostname').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.hostname] }),
    uniqueIndex('tenant_hostnames_hostname').on(table.hostname),
  ],
);

export const users = pgTable(
  'users',
  {
    tenantId: tenantIdColumn().references(() => tenants.tenantId),
    id: id('id', 'user').notNull(),
    /** As compared: NFC, lower case. */
    email: text('email').notNull(),
    /** PHC string: algorithm, parameters and salt travel with the hash. */
    passwordHash: text('password_hash').notNull(),
    firstName: text('first_name').notNull(),
    lastName: text('last_name').notNull(),
    roles: text('roles').array().$type<Role[]>().notNull(),
    active: boolean('active').notNull().default(true),
    categories: text('categories').array().notNull().default([]),
    language: text('language'),
    version: version(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time('deleted_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('users_email')
      .on(table.tenantId, table.email)
      .where(sql`deleted_at is null`),
    // The few who are more than customers: who is the last admin must not cost a walk over all buyers.
    index('users_staff')
      .on(table.tenantId, table.id)
      .where(sql`roles <> '{customer}'`),
    check('users_roles', sql`cardinality(roles) > 0 and roles <@ '{customer,staff,admin,platform}'`),
    check('users_platform', sql`tenant_id = 'zoco' or not 'platform' = any(roles)`),
  ],
);

/** One sign-in on one device: the family of the refresh tokens that follow each other. */
export const sessions = pgTable(
  'sessions',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'session').notNull(),
    userId: id('user_id', 'user').notNull(),
    createdAt: createdAt(),
    expiresAt: time('expires_at').notNull(),
    revokedAt: time('revoked_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({ columns: [table.tenantId, table.userId], foreignColumns: [users.tenantId, users.id] }),
    index('sessions_user').on(table.tenantId, table.userId),
    index('sessions_expiry').on(table.expiresAt),
  ],
);

export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    tenantId: tenantIdColumn(),
    /** SHA-256; the token itself is 256 random bits, so no salt or slow hash is needed. */
    tokenHash: text('token_hash').notNull(),
    sessionId: id('session_id', 'session').notNull(),
    generation: integer('generation').notNull(),
    expiresAt: time('expires_at').notNull(),
    rotatedAt: time('rotated_at'),
    /** The successor pair, encrypted with a key that only this very token gives. */
    successorSealed: text('successor_sealed'),
    replayedAt: time('replayed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.tokenHash] }),
    uniqueIndex('refresh_tokens_generation').on(table.tenantId, table.sessionId, table.generation),
    foreignKey({
      columns: [table.tenantId, table.sessionId],
      foreignColumns: [sessions.tenantId, sessions.id],
    }).onDelete('cascade'),
    index('refresh_tokens_expiry').on(table.expiresAt),
  ],
);

/** Failed sign-ins, by what they are counted for: an account, an account from a known address, an address, the tenant. */
export const loginFailures = pgTable(
  'login_failures',
  {
    tenantId: tenantIdColumn(),
    counter: text('counter').notNull(),
    failures: integer('failures').notNull(),
    firstAt: time('first_at').notNull().defaultNow(),
    lastAt: time('last_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.counter] }),
    index('login_failures_age').on(table.lastAt),
  ],
);

/** Where a user has signed in from: there, an attack from elsewhere does not delay him. */
export const knownAddresses = pgTable(
  'known_addresses',
  {
    tenantId: tenantIdColumn(),
    userId: id('user_id', 'user').notNull(),
    address: text('address').notNull(),
    lastSeenAt: time('last_seen_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId, table.address] }),
    foreignKey({ columns: [table.tenantId, table.userId], foreignColumns: [users.tenantId, users.id] }),
    index('known_addresses_age').on(table.lastSeenAt),
  ],
);

export const favorites = pgTable(
  'favorites',
  {
    tenantId: tenantIdColumn(),
    userId: id('user_id', 'user').notNull(),
    productId: id('product_id', 'product').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId, table.productId] }),
    foreignKey({ columns: [table.tenantId, table.userId], foreignColumns: [users.tenantId, users.id] }),
    index('favorites_product').on(table.tenantId, table.productId),
  ],
);

export const wishlistItems = pgTable(
  'wishlist_items',
  {
    tenantId: tenantIdColumn(),
    userId: id('user_id', 'user').notNull(),
    productId: id('product_id', 'product').notNull(),
    priority: smallint('priority').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId, table.productId] }),
    foreignKey({ columns: [table.tenantId, table.userId], foreignColumns: [users.tenantId, users.id] }),
    index('wishlist_items_product').on(table.tenantId, table.productId),
    check('wishlist_items_priority', sql`priority between 1 and 5`),
  ],
);

/** B2B customers: companies that staff sell to, no logins. */
export const customers = pgTable(
  'customers',
  {
    tenantId: tenantIdColumn().references(() => tenants.tenantId),
    id: id('id', 'customer').notNull(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    phone: text('phone'),
    taxId: text('tax_id'),
    billingAddress: jsonb('billing_address').$type<Address>(),
    paymentTermsDays: integer('payment_terms_days'),
    version: version(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time('deleted_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('customers_email')
      .on(table.tenantId, table.email)
      .where(sql`deleted_at is null`),
  ],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    tenantId: tenantIdColumn().references(() => tenants.tenantId),
    id: id('id', 'apiKey').notNull(),
    name: text('name').notNull(),
    keyHash: text('key_hash').notNull(),
    role: text('role').$type<'staff' | 'admin'>().notNull(),
    scopes: text('scopes').array().$type<Scope[]>().notNull(),
    createdBy: id('created_by', 'user').notNull(),
    createdAt: createdAt(),
    expiresAt: time('expires_at').notNull(),
    lastUsedAt: time('last_used_at'),
    revokedAt: time('revoked_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('api_keys_hash').on(table.tenantId, table.keyHash),
    check('api_keys_role', sql`role in ('staff', 'admin')`),
  ],
);

/** Keys that sign access tokens. No tenant's: only the worker role may read or write them (migrations/tenancy.json). */
export const signingKeys = pgTable(
  'signing_keys',
  {
    tenantId: tenantIdColumn(),
    kid: text('kid').notNull(),
    state: text('state').$type<KeyState>().notNull(),
    publicJwk: jsonb('public_jwk').notNull(),
    /** Encrypted with USERS_KEY_ENCRYPTION_KEY; null once the key no longer signs. */
    privateKeySealed: text('private_key_sealed'),
    createdAt: createdAt(),
    /** When it took its present state. */
    changedAt: time('changed_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.kid] }),
    uniqueIndex('signing_keys_state')
      .on(table.tenantId, table.state)
      .where(sql`state in ('next', 'current')`),
    check('signing_keys_owner', sql`tenant_id = 'zoco'`),
    check('signing_keys_states', sql`state in ('next', 'current', 'previous')`),
  ],
);
