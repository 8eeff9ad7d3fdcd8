import type { ServiceName } from '@zoco/contracts';
import { type DatabaseUrls, provisionDatabase } from '@zoco/postgres/provision';
import postgres from 'postgres';
import { runBundle } from './run-bundle.ts';
import type { LocalSecrets } from './secrets.ts';
import { errorCode, SetupError } from './setup-error.ts';

const POSTGRES_MIN = 15;

/** Creates each service's database and roles, or brings their passwords up to date. */
export async function provisionDatabases(
  adminUrl: string,
  services: readonly ServiceName[],
  secrets: LocalSecrets,
): Promise<Map<ServiceName, DatabaseUrls>> {
  const databases = new Map<ServiceName, DatabaseUrls>();
  // One after the other: roles are rows of one shared catalog, and Postgres refuses concurrent changes there.
  for (const service of services) {
    databases.set(service, await provisionDatabase(adminUrl, service, secrets.rolePasswords[service]));
  }
  return databases;
}

/**
 * Runs the migrate program of each service's bundle, the one that ships; what is done already changes nothing.
 * @throws SetupError with what it said
 */
export async function migrateDatabases(
  root: string,
  databases: ReadonlyMap<ServiceName, DatabaseUrls>,
): Promise<void> {
  const programs = [...databases].map(([service, { ownerUrl, runtimeUrl, workerUrl }]) =>
    runBundle(root, service, 'migrate', {
      DATABASE_OWNER_URL: ownerUrl,
      DATABASE_URL: runtimeUrl,
      DATABASE_WORKER_URL: workerUrl,
    }),
  );
  await Promise.allSettled(programs);
  await Promise.all(programs);
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
