import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceName } from '@zoco/contracts';
import { type DatabaseUrls, provisionDatabase } from '@zoco/postgres/provision';
import postgres from 'postgres';
import type { LocalSecrets } from './secrets.ts';
import { errorCode, SetupError } from './setup-error.ts';

/** Creates each service's database and roles, and brings its schema up to date with the service's own migrate program. */
export async function prepareDatabases(
  root: string,
  adminUrl: string,
  services: readonly ServiceName[],
  secrets: LocalSecrets,
): Promise<Map<ServiceName, DatabaseUrls>> {
  const databases = new Map<ServiceName, DatabaseUrls>();
  // One after the other: roles are rows of one shared catalog, and Postgres refuses concurrent changes there.
  for (const service of services) {
    databases.set(service, await provisionDatabase(adminUrl, service, secrets.rolePasswords[service]));
  }
  await Promise.all([...databases].map(([service, { ownerUrl }]) => migrateService(root, service, ownerUrl)));
  return databases;
}

/** Runs a service's migrations; done already, it changes nothing. */
export async function migrateService(root: string, service: ServiceName, ownerUrl: string): Promise<void> {
  const cwd = join(root, 'services', service);
  const program = join(cwd, 'dist/migrate.js');
  if (!existsSync(program))
    throw new SetupError(
      `${service} owns a database, but its bundle has no migrate program (src/migrate.ts).`,
    );
  try {
    await promisify(execFile)(process.execPath, [program], { cwd, env: { DATABASE_URL: ownerUrl } });
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new SetupError(`The migrations of ${service} failed:\n${words}`);
  }
}

/**
 * Makes sure that a server somebody else runs can be used.
 * @throws SetupError when it does not answer, is too old, or its login may not create databases and roles
 */
export async function checkForeignPostgres(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    const [row] = await sql<{ version: number; may: boolean }[]>`
      select current_setting('server_version_num')::int / 10000 as version,
             rolsuper or (rolcreatedb and rolcreaterole) as may
      from pg_roles where rolname = current_user`;
    if (row === undefined || row.version < POSTGRES_MIN) {
      throw new SetupError(
        `DATABASE_URL is a Postgres ${row?.version}: Zoco needs ${POSTGRES_MIN} or newer.`,
      );
    }
    if (!row.may) {
      throw new SetupError(
        "The login in DATABASE_URL may not create databases and roles: give it CREATEDB and CREATEROLE, or take an administrator's.",
      );
    }
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `DATABASE_URL does not work (${errorCode(error) ?? String(error)}): correct it, or unset it and Zoco starts a Postgres of its own.`,
    );
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const POSTGRES_MIN = 15;
