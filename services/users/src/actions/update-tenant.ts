import { type TenantSettings, tenantUpdated } from '@zoco/contracts';
import { record } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import type { TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import { tenantNotFound } from '@zoco/service';
import { lockTenant, updateTenantRow } from '../db/tenants.ts';
import { changesOf } from '../rules/changes.ts';
import { PLATFORM_TENANT } from '../rules/roles.ts';
import type { SettingsPatch } from '../rules/tenant-settings.ts';

/** @throws Problem `tenant_not_found`, `hostname_taken`, `tenant_reserved` */
export function updateTenant(db: Database, id: TenantId, patch: SettingsPatch): Promise<TenantSettings> {
  if (id === PLATFORM_TENANT && patch.active === false) {
    throw new Problem('conflict', 'tenant_reserved', 'The tenant of the platform cannot be suspended.');
  }
  return db.transact(id, async (tx) => {
    const settings = await lockTenant(tx, id);
    if (settings === undefined) throw tenantNotFound();
    const changes = changesOf<TenantSettings>(settings, patch);
    if (changes === undefined) return settings;
    const changed = { ...settings, ...changes, version: settings.version + 1 };
    await updateTenantRow(tx, changed);
    await record(tx, tenantUpdated, { aggregateId: id, version: changed.version, data: changed });
    return changed;
  });
}
