import type { TenantSettings } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import { active, type Tenants, tenantNotFound } from '@zoco/service';
import { findTenant } from './db/tenants.ts';

/** The tenants as this service, which owns them, knows them: from its database, remembered for seconds. */
export interface TenantRegistry extends Tenants {
  /** Forgets one tenant, or all: they are read again when next asked for. */
  forget(id?: string): void;
}

// NOTIFY makes a change known at once; this bounds the harm of a notification that got lost.
const REMEMBER_MS = 10_000;
const REMEMBER_MISSING_MS = 2000;
const TENANTS_MAX = 10_000;

/** @param rememberMs how long settings are believed when no notification says otherwise */
export function createTenantRegistry(db: Database, rememberMs = REMEMBER_MS): TenantRegistry {
  const known = new Map<string, { settings: TenantSettings | undefined; untilMs: number }>();

  async function read(id: TenantId): Promise<TenantSettings | undefined> {
    const found = await db.read(id, (tx) => findTenant(tx, id));
    // Slugs that nobody has are cheap to invent.
    if (known.size >= TENANTS_MAX) known.clear();
    const keepMs = found === undefined ? REMEMBER_MISSING_MS : rememberMs;
    known.set(id, { settings: found, untilMs: performance.now() + keepMs });
    return found;
  }

  async function settings(id: TenantId): Promise<TenantSettings> {
    const remembered = known.get(id);
    const isFresh = remembered !== undefined && performance.now() < remembered.untilMs;
    const found = isFresh ? remembered.settings : await read(id);
    if (found === undefined) throw tenantNotFound();
    return found;
  }

  return {
    get: async (id) => active(await settings(id)),
    settings,
    forget(id) {
      if (id === undefined) known.clear();
      else known.delete(id);
    },
  };
}
