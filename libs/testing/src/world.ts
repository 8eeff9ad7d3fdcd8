import type { TenantSettings } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';
import type { MigrateOptions } from '@zoco/postgres';
import { active, createLogger, type GuardDeps, type Logger, tenantNotFound } from '@zoco/service';
import type { ServiceName } from '@zoco/contracts';
import { inject } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { testTenant } from './tenant.ts';
import { createTestTokens, type TestTokens } from './tokens.ts';

export interface TestWorldOptions extends Omit<MigrateOptions, 'ownerUrl' | 'folder' | 'service'> {
  readonly service: ServiceName;
  readonly migrations: URL;
}

/** What a service's app and actions need, with a database of their own. */
export interface TestWorld extends AsyncDisposable, GuardDeps {
  readonly database: TestDatabase;
  readonly tokens: TestTokens;
  readonly log: Logger;
  readonly natsUrl: string;
  /** Adds a tenant that no other test has. */
  addTenant(overrides?: Partial<TenantSettings>): TenantSettings;
  /** `authorization` header of a user. */
  bearer(...args: Parameters<TestTokens['sign']>): Promise<{ authorization: string }>;
}

export async function createTestWorld(options: TestWorldOptions): Promise<TestWorld> {
  const tokens = await createTestTokens();
  const database = await createTestDatabase({ ...options, adminUrl: inject('adminUrl') });
  const tenants = new Map<TenantId, TenantSettings>();
  function settingsOf(id: TenantId): TenantSettings {
    const found = tenants.get(id);
    if (found === undefined) throw tenantNotFound();
    return found;
  }
  return {
    database,
    db: database.db,
    tokens,
    log: createLogger({ service: options.service, version: 'test', level: 'fatal' }),
    natsUrl: inject('natsUrl'),
    identity: await tokens.identity(options.service),
    verifyToken: tokens.verifyToken,
    tenants: { get: async (id) => active(settingsOf(id)), settings: async (id) => settingsOf(id) },
    addTenant(overrides) {
      const tenant = testTenant(overrides);
      tenants.set(tenant.id, tenant);
      return tenant;
    },
    async bearer(claims) {
      return { authorization: `Bearer ${await tokens.sign(claims)}` };
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
