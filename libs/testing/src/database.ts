import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  type Database,
  migrate,
  type MigrateOptions,
  openDatabase,
  provisionDatabase,
  type DatabaseUrls,
} from '@zoco/postgres';
import postgres from 'postgres';

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database;
  readonly urls: DatabaseUrls;
  readonly name: string;
}

export interface TestDatabaseOptions extends Omit<MigrateOptions, 'ownerUrl' | 'folder'> {
  readonly adminUrl: string;
  /** Folder of the migrations. */
  readonly migrations: URL;
}

// Roles are shared by all databases of the test server, so their passwords must be too.
const PASSWORDS = { owner: 'test-owner', runtime: 'test-runtime', worker: 'test-worker' };
const LOCK = 7_000_002;

/** A private database with the service's schema, copied from a template that is migrated once per server. */
export async function createTestDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const admin = postgres(options.adminUrl, { max: 1, onnotice: () => {} });
  const name = `t_${options.service}_${randomBytes(5).toString('hex')}`;
  let urls: DatabaseUrls;
  try {
    // Copying needs a template without connections, and roles must not be altered by two files at once.
    await admin`select pg_advisory_lock(${LOCK})`;
    const template = await ensureTemplate(options);
    urls = await provisionDatabase(options.adminUrl, options.service, PASSWORDS, {
      database: name,
      template,
    });
  } finally {
    await admin.end();
  }
  const db = openDatabase({
    url: urls.runtimeUrl,
    workerUrl: urls.workerUrl,
    applicationName: name,
    // A hundred requests at once are a test; that this machine has time for them within a second is none.
    waitMsMax: 30_000,
  });
  return {
    db,
    urls,
    name,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      const sql = postgres(options.adminUrl, { max: 1, onnotice: () => {} });
      await sql`drop database ${sql(name)} with (force)`;
      await sql.end();
    },
  };
}

async function ensureTemplate(options: TestDatabaseOptions): Promise<string> {
  const journal = await readFile(new URL('meta/_journal.json', options.migrations));
  const name = `template_${options.service}_${createHash('sha256').update(journal).digest('hex').slice(0, 8)}`;
  const admin = postgres(options.adminUrl, { max: 1 });
  const [found] = await admin`select 1 from pg_database where datname = ${name}`;
  await admin.end();
  if (found) return name;
  const { ownerUrl } = await provisionDatabase(options.adminUrl, options.service, PASSWORDS, {
    database: name,
  });
  await migrate({ ...options, ownerUrl, folder: options.migrations.pathname });
  return name;
}
