import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ServiceName } from '@zoco/contracts';
import { type DatabaseUrls, provisionDatabase } from '@zoco/postgres/provision';
import postgres from 'postgres';
import type { LocalSecrets } from './secrets.ts';
import { errorCode, SetupError } from './setup-error.ts';

const POSTGRES_MIN = 15;

/** Creates each service's database and roles, and brings its schema up to date. */
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
  await migrateDatabases(root, databases);
  return databases;
}

/**
 * Runs the migrations of these services; those done already change nothing.
 * @throws SetupError with what Postgres said
 */
export async function migrateDatabases(
  root: string,
  databases: ReadonlyMap<ServiceName, { readonly ownerUrl: string }>,
): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'migrate-databases.ts')], {
    cwd: root,
    env: {},
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true, // Ctrl-C reaches us alone; a migration under way is better finished than cut
  });
  const work = [...databases].map(([service, { ownerUrl }]) => ({
    service,
    ownerUrl,
    folder: join(root, 'services', service, 'migrations'),
  }));
  child.stdin.end(JSON.stringify(work));
  const exited = once(child, 'close');
  const words = await text(child.stderr);
  await exited;
  if (child.exitCode !== 0) throw new SetupError(`The migrations failed:\n${words.trim()}`);
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
