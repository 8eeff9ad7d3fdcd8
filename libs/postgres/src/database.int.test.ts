import { newId, Problem } from '@zoco/kernel';
import { createTestDatabase, eventually, type TestDatabase, testTenant } from '@zoco/testing';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Database, openDatabase, type Tx } from './database.ts';
import { databaseProblem } from './failures.ts';

const migrations = new URL('../../events/fixtures/migrations/', import.meta.url);
const { id: tenant } = testTenant();
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
});
afterAll(() => database[Symbol.asyncDispose]());

const open = (poolMax: number) =>
  openDatabase({ url: database.urls.runtimeUrl, applicationName: `gate-${poolMax}`, poolMax });

describe('the gate before the pool', () => {
  test('never lets in more than the pool holds, and everybody gets a turn', async () => {
    await using db = open(2);
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 40 }, () =>
        db.read(tenant, async (tx) => {
          running += 1;
          most = Math.max(most, running);
          await tx.sql`select pg_sleep(0.001)`;
          running -= 1;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(db.load).toEqual({ running: 0, waiting: 0, max: 2 });
  });

  test('who comes when the queue is full gets a quick 503; who waits is served', async () => {
    await using db = open(1);
    const hold = Promise.withResolvers<void>();
    const holding = db.transact(tenant, () => hold.promise);
    const waiting = Array.from({ length: 500 }, () => db.read(tenant, (tx) => tx.sql`select 1`));
    expect(db.load).toEqual({ running: 1, waiting: 500, max: 1 });
    await expect(db.read(tenant, (tx) => tx.sql`select 1`)).rejects.toMatchObject({
      status: 503,
      code: 'database_busy',
      retryAfterSeconds: 1,
    });
    hold.resolve();
    await holding;
    expect(await Promise.all(waiting)).toHaveLength(500);
  });

  test('who waits for longer than a second gives up, and leaves the queue', async () => {
    await using db = open(1);
    const hold = Promise.withResolvers<void>();
    const holding = db.transact(tenant, () => hold.promise);
    await expect(db.read(tenant, (tx) => tx.sql`select 1`)).rejects.toThrow(Problem);
    expect(db.load).toMatchObject({ running: 1, waiting: 0 });
    hold.resolve();
    await holding;
    expect(await db.read(tenant, (tx) => tx.sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
  });

  test('work that fails gives its place back', async () => {
    await using db = open(1);
    for (let time = 0; time < 5; time += 1) {
      await expect(db.transact(tenant, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
    expect(db.load).toMatchObject({ running: 0, waiting: 0 });
  });
});

describe('a connection that ends', () => {
  let admin: postgres.Sql;
  beforeAll(() => {
    admin = postgres(inject('adminUrl'), { max: 1, onnotice: () => {} });
  });
  afterAll(() => admin.end());

  const backendOf = async (tx: { sql: postgres.ISql }) =>
    (await tx.sql<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid ?? 0;
  const kill = (pid: number) => admin`select pg_terminate_backend(${pid}, 5000)`;
  const works = (db: Database) =>
    eventually(async () =>
      expect(await db.read(tenant, (tx) => tx.sql`select 1 as one`)).toMatchObject([{ one: 1 }]),
    );
  const counter = (tx: { sql: postgres.ISql }, id: string) => tx.sql`
    insert into counters (tenant_id, id, total) values (${tenant}, ${id}, 1)
    on conflict (tenant_id, id) do update set total = counters.total + 1`;

  test('fails its transaction alone, whatever that tries next, and nothing of it remains', async () => {
    await using db = open(1);
    const [id, other] = [newId('product'), newId('product')];
    const errors: unknown[] = [];
    const killed = db.transact(tenant, async (tx) => {
      await counter(tx, id);
      await kill(await backendOf(tx));
      for (let time = 0; time < 3; time += 1)
        await counter(tx, other).catch((error: unknown) => errors.push(error));
      return 'done';
    });
    await expect(killed).rejects.toSatisfy((error) => databaseProblem(error) !== undefined);
    await eventually(() => expect(errors).toHaveLength(3));
    await works(db);
    const rows = await db.read(
      tenant,
      (tx) => tx.sql`select id from counters where id = any(${[id, other]})`,
    );
    expect(rows).toEqual([]);
  });

  test('also while a statement runs, and with others that wait behind it', async () => {
    await using db = open(1);
    const started = Promise.withResolvers<number>();
    const killed = db.transact(tenant, async (tx) => {
      started.resolve(await backendOf(tx));
      const results = await Promise.allSettled([
        tx.sql`select pg_sleep(60), ${'x'}::text`,
        tx.sql`select ${'y'}::text`,
        tx.sql`select ${'z'}::text, 1`,
      ]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      return 'done';
    });
    const refused = killed.catch((error: unknown) => databaseProblem(error));
    await kill(await started.promise);
    expect(await refused).toMatchObject({ status: 503 });
    await works(db);
  });

  test('and while the transaction waits for something else', async () => {
    await using db = open(1);
    const killed = Promise.withResolvers<void>();
    const running = db.transact(tenant, async (tx) => {
      await kill(await backendOf(tx));
      await killed.promise;
      await counter(tx, newId('product'));
    });
    await expect(running).rejects.toSatisfy((error) => databaseProblem(error) !== undefined);
    killed.resolve();
    await works(db);
  });

  test('a statement after the end of its transaction is refused', async () => {
    const late = await database.db.transact(tenant, async (tx) => () => tx.sql`select 1`);
    await expect(late()).rejects.toThrow('the transaction is over');
  });

  test('again and again under load: what committed is whole, what failed left nothing, and the pool recovers', async () => {
    await using db = openDatabase({
      url: database.urls.runtimeUrl,
      workerUrl: database.urls.workerUrl,
      applicationName: 'killed',
      poolMax: 5,
    });
    await works(db);
    await db.work((tx) => tx.sql`select 1`);
    const pairs = Array.from({ length: 8 }, () => [newId('product'), newId('product')] as const);
    const stop = new AbortController();
    let commits = 0;
    const writers = pairs.map(async ([left, right]) => {
      while (!stop.signal.aborted) {
        const done = await db
          .transact(tenant, async (tx) => {
            await counter(tx, left);
            await counter(tx, right);
            return true;
          })
          .catch(() => false);
        if (done) commits += 1;
      }
    });
    for (let round = 0; round < 60; round += 1) {
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'killed%'`;
      await new Promise((resolve) => setImmediate(resolve));
    }
    stop.abort();
    await Promise.all(writers);
    for (let time = 0; time < 20; time += 1) await works(db);
    const totals = new Map(
      (
        await db.read(tenant, (tx) => tx.sql<{ id: string; total: string }[]>`select id, total from counters`)
      ).map(({ id, total }) => [id, Number(total)]),
    );
    for (const [left, right] of pairs) expect(totals.get(left)).toBe(totals.get(right));
    expect(commits).toBeGreaterThan(0);
  });
});

test('check: a server that is set up to lose what it acknowledged is refused', async () => {
  // As the servers of tests are.
  await expect(database.db.check()).rejects.toThrow('runs with fsync=off, full_page_writes=off:');
  const admin = postgres(inject('adminUrl'), { max: 1, onnotice: () => {} });
  await admin`alter database ${admin(database.name)} set synchronous_commit = off`;
  await using db = open(1);
  await expect(db.check()).rejects.toThrow('synchronous_commit=off');
  await admin`alter database ${admin(database.name)} reset synchronous_commit`;
  await admin.end();
});

test('listen hears of a commit, and of nothing that was rolled back, until it stops', async () => {
  const heard: string[] = [];
  const stop = await database.db.listen('things', (payload) => void heard.push(payload));
  const notify = (payload: string, fails: boolean) =>
    database.db
      .transact(tenant, async (tx) => {
        await tx.sql`select pg_notify('things', ${payload})`;
        if (fails) throw new Error('no');
      })
      .catch(() => {});
  await notify('rolled back', true);
  await notify('committed', false);
  await eventually(() => expect(heard).toEqual(['committed']));
  await stop();
});

test('listen goes on after the database was away', async () => {
  await using db = openDatabase({
    url: database.urls.runtimeUrl,
    workerUrl: database.urls.workerUrl,
    applicationName: 'listening',
  });
  const admin = postgres(inject('adminUrl'), { max: 1, onnotice: () => {} });
  let heard = 0;
  const stop = await db.listen('things', () => (heard += 1));
  const allow = (yes: boolean) =>
    admin`alter database ${admin(database.name)} allow_connections ${admin.unsafe(String(yes))}`;
  await allow(false);
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'listening%'`;
  await eventually(async () =>
    expect(
      await admin`select 1 from pg_stat_activity where application_name like 'listening%' and query <> ''`,
    ).toEqual([]),
  );
  await allow(true);
  await eventually(async () => {
    await database.db.transact(tenant, (tx) => tx.sql`select pg_notify('things', '')`);
    expect(heard).toBeGreaterThan(0);
  });
  await stop();
  await admin.end();
});

test('without a worker login there is no way across tenants', async () => {
  await using db = open(1);
  await expect(db.work(() => Promise.resolve(1))).rejects.toThrow('opened without workerUrl');
});

test('what is done for many at once gives up on a lock far sooner than what is done for one, and is not tried again', async () => {
  const { db } = database;
  const limitMs = async (tx: Tx) => {
    const [row] =
      await tx.sql`select extract(epoch from current_setting('lock_timeout')::interval) * 1000 as ms`;
    return Number(row?.['ms']);
  };
  expect(await db.transactOnce(tenant, limitMs)).toBe(100);
  expect(await db.transact(tenant, limitMs)).toBe(2000);
  let attempts = 0;
  const failOnce = async (tx: Tx) => {
    attempts += 1;
    if (attempts === 1) await tx.sql`do $$ begin raise exception using errcode = 'deadlock_detected'; end $$`;
    return 'done';
  };
  await expect(db.transactOnce(tenant, failOnce)).rejects.toMatchObject({ code: '40P01' });
  attempts = 0;
  expect(await db.transact(tenant, failOnce)).toBe('done');
});
