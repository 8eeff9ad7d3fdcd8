import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from './postgres-server.ts';
import { openTemporaryState, type State } from './state.ts';

let state: State;
let dataDir: string;
const servers: PostgresServer[] = [];

beforeEach(async () => {
  state = await openTemporaryState();
  dataDir = join(state.dir, 'postgres');
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await state[Symbol.asyncDispose]();
});

async function start(options: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<PostgresServer> {
  const server = await startPostgres({
    dataDir,
    port: 0,
    quiet: true,
    // A process kill loses nothing without fsync; only a power cut would.
    settings: { shared_buffers: '16MB', max_connections: '20', fsync: 'off' },
    onSpawn: (pid) => state.ledger.add('postgres', pid),
    ...options,
  });
  servers.push(server);
  return server;
}

async function query<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

describe('a new server', () => {
  test('is durable, on loopback, and knows letters beyond ASCII', async () => {
    const server = await start({ settings: {} });
    const [row] = await query(
      server.adminUrl,
      (sql) => sql`
        select current_user as login, current_setting('fsync') as fsync,
               current_setting('synchronous_commit') as synchronous_commit,
               current_setting('full_page_writes') as full_page_writes,
               current_setting('listen_addresses') as listen_addresses,
               current_setting('shared_preload_libraries') as preloaded,
               current_setting('server_encoding') as encoding,
               upper('año') as upper, to_tsvector('simple', 'García años')::text as words`,
    );
    expect(row).toEqual({
      login: 'zoco_admin',
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      listen_addresses: '127.0.0.1',
      preloaded: 'pg_stat_statements',
      encoding: 'UTF8',
      upper: 'AÑO',
      words: "'años':2 'garcía':1",
    });
  });

  test('keeps its password for its own user and refuses any other', async () => {
    const server = await start();
    expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
    const wrong = new URL(server.adminUrl);
    wrong.password = 'guess';
    await expect(query(wrong.href, (sql) => sql`select 1`)).rejects.toThrow('password authentication failed');
  });

  test('never runs as root', async () => {
    const server = await start();
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1];
    expect(uid).not.toBe('0');
  });
});

describe('an existing data directory', () => {
  test('keeps what was committed, over a stop and over a kill', async () => {
    const first = await start();
    await query(first.adminUrl, async (sql) => {
      await sql`create table kept (word text)`;
      await sql`insert into kept values ('stop')`;
    });
    await first.stop();
    const second = await start();
    await query(second.adminUrl, (sql) => sql`insert into kept values ('kill')`);
    process.kill(second.pid, 'SIGKILL');
    await second.exited;
    const third = await start();
    const rows = await query(third.adminUrl, (sql) => sql`select word from kept order by word desc`);
    expect(rows.map((row) => row['word'])).toEqual(['stop', 'kill']);
  });

  test('of another major version is refused with the cure, and left as it was', async () => {
    await (await start()).stop();
    writeFileSync(join(dataDir, 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toThrow(
      `${dataDir} holds data of Postgres 15, and this is Postgres 18: \`npm start -- --fresh\` deletes it and starts anew.`,
    );
    expect(readFileSync(join(dataDir, 'PG_VERSION'), 'utf8')).toBe('15\n');
  });

  test('whose password is lost is refused with the cure', async () => {
    await (await start()).stop();
    writeFileSync(`${dataDir}.password`, '');
    await expect(start()).rejects.toThrow('`npm start -- --fresh` deletes both and starts anew');
  });

  test('that a living Postgres holds is refused', async () => {
    const holder = await start();
    await expect(start()).rejects.toThrow(`Zoco already runs here (pid ${holder.pid} `);
  });

  test.each([
    ['of a dead process', 2 ** 22 + 1],
    ['whose pid belongs to another program now', process.pid],
  ])('starts in spite of a postmaster.pid %s', async (_name, pid) => {
    await (await start()).stop();
    writeFileSync(join(dataDir, 'postmaster.pid'), `${pid}\n${dataDir}\n1763820000\n5432\n\n127.0.0.1\n`);
    const server = await start();
    expect(await query(server.adminUrl, (sql) => sql`select 1 as one`)).toEqual([{ one: 1 }]);
  });
});

test('a broken-off creation is begun again', async () => {
  writeFileSync(`${dataDir}.new.password`, 'half');
  writeFileSync(`${dataDir}.new`, 'half');
  const server = await start();
  expect(server.dataDir).toBe(dataDir);
  expect(existsSync(`${dataDir}.new`)).toBe(false);
});

test('a port that is taken is named', async () => {
  const holder = await start();
  await expect(start({ dataDir: join(state.dir, 'other'), port: holder.port })).rejects.toThrow(
    `port ${holder.port} is in use`,
  );
});

test('what Postgres says against a setting is passed on', async () => {
  await expect(start({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow('shared_buffers');
});
