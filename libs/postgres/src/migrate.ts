import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator';
import { openDriver } from './driver.ts';
import { enforceTenancy, type TenancyRules, tenancyRules } from './tenancy.ts';

export interface MigrateOptions {
  /** Connection of the role that owns the database. */
  readonly ownerUrl: string;
  /** Name of the service: its runtime role is `zoco_<service>`, its worker role `zoco_<service>_worker`. */
  readonly service: string;
  /** Folder of drizzle-kit's migrations; a file `tenancy.json` in it holds the service's exceptions (`TenancyRules`). */
  readonly folder: string;
  /** Prefix of the role names where several installations share a server. Default `zoco`. */
  readonly rolePrefix?: string;
}

// Any number that no other use of advisory locks in these databases has.
const MIGRATION_LOCK = 7_000_001;

/**
 * Brings a database to the newest schema: migrations, row-level security, grants. Safe to run from many pods at once
 * (advisory lock) and again and again.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const sql = openDriver(options.ownerUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: `${options.service}-migrate` },
  });
  try {
    // A twin may be at work for long; what comes after must not make the running service wait long.
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await sql`set lock_timeout = '10s'`;
    await runMigrations(drizzle(sql), { migrationsFolder: options.folder });
    const runtime = `${options.rolePrefix ?? 'zoco'}_${options.service}`;
    const rules = await readRules(options.folder);
    await sql.begin((tx) => enforceTenancy(tx, { runtime, worker: `${runtime}_worker` }, rules));
  } finally {
    await sql.end();
  }
}

async function readRules(folder: string): Promise<TenancyRules> {
  try {
    return tenancyRules.parse(JSON.parse(await readFile(join(folder, 'tenancy.json'), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
