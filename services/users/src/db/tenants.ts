import { type TenantSettings, tenantSettings } from '@zoco/contracts';
import { Problem, type TenantId } from '@zoco/kernel';
import { isUniqueViolation, type ReadTx, type Tx, type WorkerTx } from '@zoco/postgres';
import type { StoredSettings } from '../rules/tenant-settings.ts';

/** Channel on which every replica hears which tenant changed. */
export const TENANTS_CHANNEL = 'tenants';

interface TenantRow {
  readonly id: TenantId;
  readonly settings: StoredSettings;
  readonly hostnames: string[];
  readonly version: number;
}

export async function findTenant(tx: ReadTx, id: TenantId): Promise<TenantSettings | undefined> {
  const [row] = await tx.sql<TenantRow[]>`
    select tenant_id as id, settings, version,
           array(select hostname from tenant_hostnames h where h.tenant_id = t.tenant_id order by hostname) as hostnames
    from tenants t where tenant_id = ${id}`;
  return row && toSettings(row);
}

/** The same, held until the transaction ends. */
export async function lockTenant(tx: Tx, id: TenantId): Promise<TenantSettings | undefined> {
  await tx.sql`select 1 from tenants where tenant_id = ${id} for update`;
  return findTenant(tx, id);
}

export interface TenantFilter {
  readonly search: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Tenants by id; one more than `limit`, to tell whether there are more. */
export async function listTenantRows(tx: WorkerTx, filter: TenantFilter): Promise<TenantSettings[]> {
  const pattern = filter.search === undefined ? '%' : likePattern(filter.search);
  const rows = await tx.sql<TenantRow[]>`
    select tenant_id as id, settings, version,
           array(select hostname from tenant_hostnames h where h.tenant_id = t.tenant_id order by hostname) as hostnames
    from tenants t
    where tenant_id > ${filter.after ?? ''} and (tenant_id ilike ${pattern} or settings->>'name' ilike ${pattern})
    order by tenant_id limit ${filter.limit + 1}`;
  return rows.map(toSettings);
}

/** @throws Problem `tenant_taken`, `hostname_taken` */
export async function insertTenant(tx: Tx, settings: TenantSettings): Promise<void> {
  const { id, version, hostnames, ...stored } = settings;
  const [created] = await tx.sql`
    insert into tenants (tenant_id, settings, version) values (${id}, ${JSON.stringify(stored)}::text::jsonb, ${version})
    on conflict do nothing returning 1`;
  if (created === undefined) throw new Problem('conflict', 'tenant_taken', 'There is a tenant with this id.');
  await saveHostnames(tx, id, hostnames);
}

/** Writes settings that were read with `lockTenant`. @throws Problem `hostname_taken` */
export async function updateTenantRow(tx: Tx, settings: TenantSettings): Promise<void> {
  const { id, version, hostnames, ...stored } = settings;
  await tx.sql`
    update tenants set settings = ${JSON.stringify(stored)}::text::jsonb, version = ${version}, updated_at = now()
    where tenant_id = ${id}`;
  await saveHostnames(tx, id, hostnames);
}

async function saveHostnames(tx: Tx, id: TenantId, hostnames: readonly string[]): Promise<void> {
  const names = [...hostnames];
  try {
    await Promise.all([
      tx.sql`delete from tenant_hostnames where tenant_id = ${id} and not hostname = any(${names}::text[])`,
      tx.sql`
        insert into tenant_hostnames (tenant_id, hostname) select ${id}, unnest(${names}::text[])
        on conflict (tenant_id, hostname) do nothing`,
      tx.sql`select pg_notify(${TENANTS_CHANNEL}, ${id})`,
    ]);
  } catch (cause) {
    if (!isUniqueViolation(cause, 'tenant_hostnames_hostname')) throw cause;
    throw new Problem('conflict', 'hostname_taken', 'Another tenant has one of these host names.', { cause });
  }
}

function toSettings({ settings, ...columns }: TenantRow): TenantSettings {
  return tenantSettings.parse({ ...settings, ...columns });
}

/** A pattern for ILIKE that finds `text` anywhere and takes its `%`, `_` and `\` as they are. */
export function likePattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}
