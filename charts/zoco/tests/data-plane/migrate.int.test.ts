import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { durableOf, HANDLES, type ServiceName, streamOf } from '@zoco/contracts';
import { natsServer } from '@zoco/events';
import { freePorts, openTemporaryState, type PostgresServer } from '@zoco/local';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubernetesObject, render } from '../render.ts';
import { databaseUrl, prepareChartPostgres } from './chart-postgres.ts';
import { type ChartNats, startChartNats } from './chart-servers.ts';
import { bundleService, type DataPlanePorts, type MigrateRun, runMigrate } from './migrate-program.ts';

// Each handles events of the other.
const SERVICES = ['orders', 'catalog'] as const satisfies readonly ServiceName[];

const cleanup = new AsyncDisposableStack();
let objects: readonly KubernetesObject[];
let ports: DataPlanePorts;
let server: PostgresServer;
let nats: ChartNats;
let pods: readonly MigrateRun[];

const url = (service: ServiceName, key: string) =>
  databaseUrl(objects, `zoco-${service}-database`, key, ports.postgres);

async function query(connectionUrl: string, statement: string): Promise<unknown> {
  const sql = postgres(connectionUrl, { max: 1, onnotice: () => {}, fetch_types: false });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

const homes = new Map<ServiceName, string>();

function run(service: ServiceName, changes: Readonly<Record<string, string>> = {}): MigrateRun {
  return runMigrate(objects, service, { home: homes.get(service) ?? '', ports, changes });
}

/** All pods of a new installation, then Postgres, then NATS. */
beforeAll(async () => {
  objects = await render();
  const [postgresPort = 0, natsPort = 0] = await freePorts(2);
  ports = { postgres: postgresPort, nats: natsPort };
  const data = cleanup.use(await prepareChartPostgres(objects));
  const { dir } = cleanup.use(await openTemporaryState());
  for (const service of SERVICES) homes.set(service, await bundleService(service, dir));
  pods = SERVICES.flatMap((service) => [run(service), run(service)]);
  cleanup.defer(() => pods.forEach((pod) => pod.stop()));
  await Promise.all(pods.map((pod) => pod.said('waiting for Postgres')));
  server = await data.start(postgresPort);
  await Promise.all(pods.map((pod) => pod.said('waiting for NATS')));
  nats = cleanup.use(await startChartNats(objects, { port: natsPort }));
  await Promise.all(pods.map((pod) => pod.ended));
}, 120_000);
afterAll(() => cleanup.disposeAsync());

test('two pods of each service that start before Postgres and NATS make everything, once', async () => {
  for (const pod of pods) expect(await pod.ended, pod.output()).toBe(0);
  const nc = await connect({ ...natsServer(nats.urlIn('zoco-nats', 'NATS_ADMIN_URL')), name: 'admin' });
  try {
    const jsm = await jetstreamManager(nc);
    for (const service of SERVICES) {
      expect((await jsm.streams.info(streamOf(service))).config.max_bytes).toBe(1024 ** 3);
      for (const event of HANDLES[service]) {
        const { config } = await jsm.consumers.info(streamOf(event.producer), durableOf(service, event));
        expect(config.ack_policy).toBe('explicit');
      }
      const rows = await query(url(service, 'DATABASE_OWNER_URL'), 'select * from setup.streams');
      expect(rows).toHaveLength(1);
    }
  } finally {
    await nc.close();
  }
});

test('a second run changes nothing, and one without a login of an administrator needs none', async () => {
  const migrations = () =>
    query(url('orders', 'DATABASE_OWNER_URL'), 'select * from drizzle.__drizzle_migrations order by id');
  const before = await migrations();
  const plain = { DATABASE_ADMIN_URL: '', NATS_ADMIN_URL: '' };
  const runs = [run('orders'), run('orders', plain)];
  for (const one of runs) expect(await one.ended, one.output()).toBe(0);
  expect(await migrations()).toEqual(before);
  expect(runs.map((one) => one.output().includes('streams and consumers are there'))).toEqual([true, false]);
});

test('a wrong password ends it with a sentence and without the password', async () => {
  const wrong = new URL(url('orders', 'DATABASE_OWNER_URL'));
  wrong.password = 'not-the-password';
  const again = run('orders', {
    DATABASE_ADMIN_URL: '',
    DATABASE_OWNER_URL: wrong.href,
  });
  expect(await again.ended).toBe(1);
  expect(again.output()).toMatch(/password authentication failed for user "zoco_orders_owner"/);
  expect(again.output()).not.toContain('not-the-password');
});

test('the passwords of the Secrets count, whatever they were before', async () => {
  const admin = databaseUrl(objects, 'zoco-postgres', 'DATABASE_ADMIN_URL', ports.postgres);
  await query(admin, `alter role zoco_orders password 'old'`);
  await expect(query(url('orders', 'DATABASE_URL'), 'select 1')).rejects.toThrow(/password/);
  const again = run('orders');
  expect(await again.ended, again.output()).toBe(0);
  await query(url('orders', 'DATABASE_URL'), 'select 1');
});

test('Postgres runs as the chart says, durably and with passwords for all', async () => {
  const admin = databaseUrl(objects, 'zoco-postgres', 'DATABASE_ADMIN_URL', ports.postgres);
  const settings = await query(
    admin,
    `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit',
       'password_encryption', 'max_connections', 'data_checksums') order by name`,
  );
  expect(settings).toEqual([
    { name: 'data_checksums', setting: 'on' },
    { name: 'fsync', setting: 'on' },
    { name: 'full_page_writes', setting: 'on' },
    { name: 'max_connections', setting: '300' },
    { name: 'password_encryption', setting: 'scram-sha-256' },
    { name: 'synchronous_commit', setting: 'on' },
  ]);
  const rules = await query(
    admin,
    'select type, auth_method, error from pg_hba_file_rules order by rule_number',
  );
  expect(rules).toEqual([
    { type: 'local', auth_method: 'peer', error: null },
    { type: 'local', auth_method: 'peer', error: null },
    { type: 'local', auth_method: 'scram-sha-256', error: null },
    { type: 'host', auth_method: 'scram-sha-256', error: null },
  ]);
  expect(server.port).toBe(ports.postgres);
});

const DENIED = '42501';
const expectRefusal = (connectionUrl: string, statement: string) =>
  expect(query(connectionUrl, statement), statement).rejects.toMatchObject({ code: DENIED });

describe.each(['DATABASE_URL', 'DATABASE_WORKER_URL'])('the role of %s', (key) => {
  test.each([
    'create table mine (id int)',
    'create temporary table mine (id int)',
    'create schema mine',
    'create extension hstore',
    'create role mine',
    'create database mine',
    'alter table orders disable row level security',
    'drop policy tenant on orders',
    'truncate orders',
    'drop table orders',
    'set role zoco_orders_owner',
    'set session authorization postgres',
    'alter role zoco_orders bypassrls',
    'select * from setup.streams',
    'select * from drizzle.__drizzle_migrations',
    `select pg_read_file('/etc/passwd')`,
    `copy (select 1) to program 'true'`,
    'select pg_reload_conf()',
    'alter system set fsync = off',
  ])('may not: %s', async (statement) => {
    await expectRefusal(url('orders', key), statement);
  });

  test('may not enter the database of another service', async () => {
    const foreign = new URL(url('orders', key));
    foreign.pathname = '/zoco_catalog';
    await expectRefusal(foreign.href, 'select 1');
  });
});

test('the runtime role sees nothing without a tenant, and the worker role only what it names', async () => {
  const insert = `begin; select set_config('app.tenant_id', 'acme', true);
    insert into outbox (tenant_id, id, type, aggregate_id, aggregate_version, data)
    values ('acme', 'evt_1', 'order.created', 'ord_1', 1, '{}'); commit`;
  await query(url('orders', 'DATABASE_URL'), insert);
  expect(await query(url('orders', 'DATABASE_URL'), 'select id from outbox')).toEqual([]);
  expect(await query(url('orders', 'DATABASE_WORKER_URL'), 'select id from outbox')).toEqual([
    { id: 'evt_1' },
  ]);
  await expectRefusal(url('orders', 'DATABASE_WORKER_URL'), `delete from orders`);
});

test('the owner changes its own schema and nothing beyond', async () => {
  const owner = url('orders', 'DATABASE_OWNER_URL');
  await query(owner, 'create table probe (id int); drop table probe');
  const foreign = new URL(owner);
  foreign.pathname = '/zoco_catalog';
  await expectRefusal(foreign.href, 'select 1');
  await expectRefusal(owner, 'create role mine');
  await expectRefusal(owner, 'create database mine');
});

test('a pod starts without NATS once its streams have been made', async () => {
  await nats.server.stop();
  const known = run('orders');
  const unknown = run('catalog', { NATS_STREAM_BYTES_MAX: '2000000' });
  try {
    await unknown.said('waiting for NATS');
    expect(await known.ended, known.output()).toBe(0);
    expect(known.output()).toContain('so the service starts');
    // The same wait, and it would not have been enough for what was never made.
    expect(unknown.output()).not.toContain('so the service starts');
  } finally {
    unknown.stop();
    await unknown.ended;
  }
});
