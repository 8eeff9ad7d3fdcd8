import type { TenantSettings } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';

/** Settings of a tenant, suspended or not: what happened in its shop is still invoiced. */
export type SettingsOf = (tenantId: TenantId) => Promise<TenantSettings>;
