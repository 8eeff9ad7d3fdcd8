import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, expect, inject, test } from 'vitest';
import { provisionDatabase, provisionFromUrls } from './provision.ts';

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

const service = `probe_${randomBytes(4).toString('hex')}`;
const passwords = { owner: 'a:/@"\' ü', runtime: 'b', worker: 'c' };

async function asSuperuser(work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(inject('adminUrl'), { max: 1, onnotice: () => {} });
  await work(sql);
  await sql.end();
}

/** What managed servers give as a master login: all databases and roles are its own making, and it is no superuser. */
async function managedLogin(): Promise<string> {
  const name = `master_${randomBytes(4).toString('hex')}`;
  await asSuperuser(async (sql) => {
    await sql`create role ${sql(name)} login createdb createrole password 'master'`;
  });
  cleanup.defer(() =>
    asSuperuser(async (sql) => {
      await sql`drop database if exists ${sql(`zoco_${service}`)} with (force)`;
      for (const role of ['', '_owner', '_worker'])
        await sql`drop role if exists ${sql(`zoco_${service}${role}`)}`;
      await sql`drop role ${sql(name)}`;
    }),
  );
  const url = new URL(inject('adminUrl'));
  url.username = name;
  url.password = 'master';
  return url.href;
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, fetch_types: false });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    if (error instanceof postgres.PostgresError && error.code === '28P01') return false;
    throw error;
  } finally {
    await sql.end();
  }
}

test('a login that is no superuser makes database and roles, at once from many places and again', async () => {
  const adminUrl = await managedLogin();
  const once = () => provisionDatabase(adminUrl, service, passwords);
  const [urls] = await Promise.all([once(), once(), once()]);
  if (urls === undefined) throw new Error('nothing came back');
  for (const url of Object.values(urls)) expect(await answers(url)).toBe(true);

  const changed = new URL(urls.runtimeUrl);
  changed.password = 'changed';
  await provisionFromUrls(adminUrl, service, { ...urls, runtimeUrl: changed.href });
  expect(await answers(urls.runtimeUrl)).toBe(false);
  expect(await answers(changed.href)).toBe(true);
  expect(await answers(urls.ownerUrl)).toBe(true);

  const foreign = { ...urls, workerUrl: urls.ownerUrl };
  await expect(provisionFromUrls(adminUrl, service, foreign)).rejects.toThrow(
    `the role of ${service} is zoco_${service}_worker, a database URL names zoco_${service}_owner`,
  );

  await asSuperuser(async (sql) => void (await sql`alter role ${sql(`zoco_${service}`)} bypassrls`));
  await expect(once()).rejects.toThrow('may bypass row-level security');
});
