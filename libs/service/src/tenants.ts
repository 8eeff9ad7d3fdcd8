import { type TenantSettings, tenantSettings } from '@zoco/contracts';
import { isTenantId, Problem, retryDelayMs, type TenantId } from '@zoco/kernel';
import { z } from 'zod';
import type { CallService } from './call.ts';
import type { Logger } from './log.ts';

/** Settings of all tenants. */
export interface Tenants {
  /** @throws Problem `tenant_not_found`, or `tenant_suspended` when it is not active */
  get(id: TenantId): Promise<TenantSettings>;
  /** Settings also of a suspended tenant: what is under way there still comes to its end. @throws Problem `tenant_not_found` */
  settings(id: TenantId): Promise<TenantSettings>;
}

/** The copy of the tenants that a service keeps in memory: loaded from `users`, kept fresh by `tenant.updated`. */
export interface TenantDirectory extends Tenants {
  /** Loads all tenants, again and again until `users` answers. */
  load(signal: AbortSignal): Promise<void>;
  /** Takes over newer settings; older ones, which an event can carry, are ignored. */
  update(settings: TenantSettings): void;
  /** Settings in memory, active or not, without asking anybody. */
  known(id: string): TenantSettings | undefined;
  /** All tenants in memory. */
  all(): Iterable<TenantSettings>;
  /** Tenant that a host name belongs to. */
  byHostname(hostname: string): TenantSettings | undefined;
  /** For readiness. @throws Error until all tenants are loaded */
  checkLoaded(): Promise<void>;
}

const page = z.object({ data: z.array(tenantSettings), next_cursor: z.string().nullable() });

export function createTenantDirectory(call: CallService, log: Logger): TenantDirectory {
  const tenants = new Map<TenantId, TenantSettings>();
  const hostnames = new Map<string, TenantId>();
  let loaded = false;

  function update(settings: TenantSettings): void {
    const known = tenants.get(settings.id);
    if (known && known.version >= settings.version) return;
    for (const name of known?.hostnames ?? []) hostnames.delete(name);
    tenants.set(settings.id, settings);
    for (const name of settings.hostnames) hostnames.set(name, settings.id);
  }

  async function load(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await fetchAll(call, update);
        loaded = true;
        return;
      } catch (error) {
        if (attempt === 5) log.warn({ err: error }, 'tenant settings could not be loaded yet');
        await new Promise((resolve) =>
          setTimeout(resolve, 50 + retryDelayMs(attempt, 50, 2000, Math.random())),
        );
      }
    }
  }

  async function fetchOne(id: TenantId): Promise<TenantSettings> {
    const settings = await call('getTenant', tenantSettings, { params: { tenant_id: id } });
    update(settings);
    return settings;
  }

  return {
    load,
    update,
    async get(id) {
      return active(tenants.get(id) ?? (await fetchOne(id)));
    },
    settings: async (id) => tenants.get(id) ?? (await fetchOne(id)),
    known: (id) => (isTenantId(id) ? tenants.get(id) : undefined),
    all: () => tenants.values(),
    byHostname(hostname) {
      const id = hostnames.get(hostname);
      return id === undefined ? undefined : tenants.get(id);
    },
    async checkLoaded() {
      if (!loaded) throw new Error('the settings of the tenants are not loaded: does users answer?');
    },
  };
}

async function fetchAll(call: CallService, see: (settings: TenantSettings) => void): Promise<void> {
  let cursor: string | null = null;
  do {
    const answer: z.infer<typeof page> = await call('listTenants', page, {
      query: cursor ? { cursor } : {},
    });
    answer.data.forEach(see);
    cursor = answer.next_cursor;
  } while (cursor !== null);
}

/** @throws Problem `tenant_suspended` */
export function active(settings: TenantSettings): TenantSettings {
  if (!settings.active) throw new Problem('forbidden', 'tenant_suspended', 'This shop is suspended.');
  return settings;
}
