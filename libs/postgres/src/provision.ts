import postgres from 'postgres';
import { openDriver } from './driver.ts';

export interface RolePasswords {
  readonly owner: string;
  readonly runtime: string;
  readonly worker: string;
}

export interface DatabaseUrls {
  readonly ownerUrl: string;
  readonly runtimeUrl: string;
  readonly workerUrl: string;
}

export interface ProvisionOptions {
  /** Database name; default `zoco_<service>`. */
  readonly database?: string;
  /** Database to copy; default an empty one. */
  readonly template?: string;
}

// Roles are rows of one catalog for the whole server, and Postgres refuses two changes of it at once.
const PROVISION_LOCK = 7_000_003;

/**
 * Creates a service's database and its three roles, or brings their passwords up to date. Safe to run from many places at once
 * that use the same `adminUrl`, and again and again.
 * The owner migrates, the runtime role serves one tenant at a time, the worker role runs relay and sweepers.
 * @param adminUrl connection of a role that may create databases and roles
 * @throws postgres.PostgresError with code 42501 when it may not
 */
export async function provisionDatabase(
  adminUrl: string,
  service: string,
  passwords: RolePasswords,
  options: ProvisionOptions = {},
): Promise<DatabaseUrls> {
  const roles = rolesOf(service);
  const database = options.database ?? roles.runtime;
  const admin = openDriver(adminUrl, { max: 1, onnotice: () => {} });
  try {
    await admin`select pg_advisory_lock(${PROVISION_LOCK})`;
    for (const kind of ['owner', 'runtime', 'worker'] as const) {
      await ensureRole(admin, roles[kind], passwords[kind]);
    }
    // A role can only give away what it is a member of; superusers are members of everything.
    await admin`grant ${admin(roles.owner)} to current_user`;
    const [found] = await admin`select 1 from pg_database where datname = ${database}`;
    const template = options.template ?? 'template0';
    if (!found)
      await admin`create database ${admin(database)} owner ${admin(roles.owner)} template ${admin(template)}`;
    await admin`revoke connect, temporary on database ${admin(database)} from public`;
    await admin`grant connect on database ${admin(database)} to ${admin(roles.runtime)}, ${admin(roles.worker)}`;
    await createExtensions(adminUrl, database);
  } finally {
    await admin.end();
  }
  const urlOf = (user: string, password: string) => {
    const url = new URL(adminUrl);
    Object.assign(url, { username: user, password: encodeURIComponent(password), pathname: `/${database}` });
    return url.href;
  };
  return {
    ownerUrl: urlOf(roles.owner, passwords.owner),
    runtimeUrl: urlOf(roles.runtime, passwords.runtime),
    workerUrl: urlOf(roles.worker, passwords.worker),
  };
}

/**
 * The same from the URLs that the service will use: they name the database and hold the passwords.
 * @throws Error when one of them names a role that is not this service's
 */
export async function provisionFromUrls(
  adminUrl: string,
  service: string,
  { ownerUrl, runtimeUrl, workerUrl }: DatabaseUrls,
): Promise<void> {
  const roles = rolesOf(service);
  const passwordOf = (text: string, role: string): string => {
    const url = new URL(text);
    if (decodeURIComponent(url.username) === role) return decodeURIComponent(url.password);
    throw new Error(`the role of ${service} is ${role}, a database URL names ${url.username}`);
  };
  const passwords = {
    owner: passwordOf(ownerUrl, roles.owner),
    runtime: passwordOf(runtimeUrl, roles.runtime),
    worker: passwordOf(workerUrl, roles.worker),
  };
  const database = decodeURIComponent(new URL(ownerUrl).pathname.slice(1));
  await provisionDatabase(adminUrl, service, passwords, { database });
}

function rolesOf(service: string): Readonly<Record<keyof RolePasswords, string>> {
  const runtime = `zoco_${service}`;
  return { owner: `${runtime}_owner`, runtime, worker: `${runtime}_worker` };
}

async function ensureRole(admin: postgres.Sql, role: string, password: string): Promise<void> {
  const [found] = await admin<{ above_policies: boolean }[]>`
    select rolsuper or rolbypassrls as above_policies from pg_roles where rolname = ${role}`;
  if (found?.above_policies === true)
    throw new Error(`the role ${role} may bypass row-level security: take that right from it`);
  // Only a superuser may even say again what a role is not, and managed servers give nobody that right.
  const change = found
    ? 'alter role %I login password %L'
    : 'create role %I login nosuperuser nobypassrls nocreatedb nocreaterole password %L';
  // Utility statements take no parameters; format() quotes both the name and the literal.
  const [statement] = await admin<{ text: string }[]>`
    select format(${change}::text, ${role}::text, ${password}::text) as text`;
  if (statement) await admin.unsafe(statement.text);
}

async function createExtensions(adminUrl: string, database: string): Promise<void> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const sql = openDriver(url.href, { max: 1, onnotice: () => {} });
  try {
    for (const extension of ['pg_trgm', 'unaccent', 'btree_gin'])
      await sql`create extension if not exists ${sql(extension)}`;
    await allowTextSearchIndexes(sql);
  } finally {
    await sql.end();
  }
}

// insufficient_privilege: only a superuser may say it, and managed servers give nobody that right.
const MAY_NOT = '42501';

/**
 * Lets text search use its index under row-level security. Postgres runs a condition before the policy, which is what an
 * index scan means, only when its function is declared to tell nothing of rows that the policy hides; `@@` is not,
 * though it raises no error that depends on what it reads. Without this search is as right, and reads all rows of the tenant.
 */
async function allowTextSearchIndexes(sql: postgres.Sql): Promise<void> {
  try {
    await sql`alter function pg_catalog.ts_match_vq(tsvector, tsquery) leakproof`;
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || error.code !== MAY_NOT) throw error;
  }
}
