import type { TenantSettings } from '@zoco/contracts';
import type { Database } from '@zoco/postgres';
import { listTenantRows, type TenantFilter } from '../db/tenants.ts';

/** Tenants of all, as the worker role: no other sees more than its own. One more than `limit`. */
export function listTenants(db: Database, filter: TenantFilter): Promise<TenantSettings[]> {
  return db.work((tx) => listTenantRows(tx, filter));
}
