import type postgres from 'postgres';
import { z } from 'zod';

/** Transaction-local setting that row-level security reads. */
export const TENANT_SETTING = 'app.tenant_id';

/** Roles of one service's database; only the first two exist while it runs. */
export interface DatabaseRoles {
  /** Reads and writes one tenant at a time. */
  readonly runtime: string;
  /** Relay and sweepers: sees across tenants, only in the tables that name it. */
  readonly worker: string;
}

/** What a service's tables need beyond the rule that the runtime role reads and writes one tenant at a time. */
export const tenancyRules = z.strictObject({
  /** Tables whose rows may be added but never changed or removed by the runtime role. */
  appendOnly: z.array(z.string()).optional(),
  /** What the worker role may do across tenants, by table. */
  worker: z.record(z.string(), z.array(z.enum(['select', 'insert', 'update', 'delete']))).optional(),
  /** Tables of the service itself, which no tenant may read: the runtime role gets neither grant nor policy. */
  workerOnly: z.array(z.string()).optional(),
});
export type TenancyRules = z.infer<typeof tenancyRules>;

// The relay and the inbox sweeper of every service.
const WORKER_TABLES: NonNullable<TenancyRules['worker']> = {
  outbox: ['select', 'update', 'delete'],
  inbox: ['select', 'delete'],
  dead_letters: ['select', 'update'],
};

/**
 * Puts every table behind row-level security and grants the roles exactly what they need. Runs after each migration, so that
 * a table cannot be forgotten; repeating it changes nothing.
 * @throws Error when a table has no `tenant_id` column
 */
export async function enforceTenancy(
  sql: postgres.TransactionSql,
  roles: DatabaseRoles,
  rules: TenancyRules,
): Promise<void> {
  const tables = await sql<{ name: string; has_tenant: boolean }[]>`
    select c.relname as name, exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull) as has_tenant
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`;
  const runtime = sql(roles.runtime);
  const worker = sql(roles.worker);
  await sql`grant usage on schema public to ${runtime}, ${worker}`;
  await sql`grant usage on all sequences in schema public to ${runtime}, ${worker}`;
  const workerRules = { ...WORKER_TABLES, ...rules.worker };
  for (const { name, has_tenant } of tables) {
    if (!has_tenant) throw new Error(`table ${name} needs a column tenant_id text not null`);
    const table = sql(name);
    await sql`alter table ${table} enable row level security`;
    await sql`alter table ${table} force row level security`;
    await sql`drop policy if exists tenant on ${table}`;
    await sql`revoke all on ${table} from ${runtime}, ${worker}`;
    if (!rules.workerOnly?.includes(name)) await admitTenants(sql, name, runtime, rules);
    await sql`drop policy if exists worker on ${table}`;
    const verbs = workerRules[name];
    if (verbs === undefined) continue;
    await sql`create policy worker on ${table} to ${worker} using (true) with check (true)`;
    await sql.unsafe(`grant ${verbs.join(', ')} on "${name}" to "${roles.worker}"`);
  }
}

async function admitTenants(
  sql: postgres.TransactionSql,
  name: string,
  runtime: postgres.Helper<string>,
  rules: TenancyRules,
): Promise<void> {
  const table = sql(name);
  await sql`create policy tenant on ${table} to ${runtime}
    using (tenant_id = current_setting('app.tenant_id', true))
    with check (tenant_id = current_setting('app.tenant_id', true))`;
  await sql`grant select, insert on ${table} to ${runtime}`;
  if (!rules.appendOnly?.includes(name)) await sql`grant update, delete on ${table} to ${runtime}`;
}
