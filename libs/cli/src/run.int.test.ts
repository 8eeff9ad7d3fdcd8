import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { HANDLES, orderExpired, WATCHES } from '@zoco/contracts';
import { connectNats, on, provisionStreams, record, relayOnce, startEvents, watch } from '@zoco/events';
import { newId, Problem } from '@zoco/kernel';
import type { SystemFile } from '@zoco/local';
import { createAdminApp, createLogger, serve } from '@zoco/service';
import {
  createTestDatabase,
  eventually,
  startPrivateNats,
  type TestDatabase,
  testTenant,
} from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startApiServer } from '../fixtures/api-server.ts';
import { silentTerminal } from '../fixtures/silent-terminal.ts';
import type { Finding } from './doctor/finding.ts';
import { run } from './run.ts';

const migrations = new URL('../../events/fixtures/migrations/', import.meta.url);
const log = createLogger({ service: 'test', version: 'test', level: 'silent' });
const NOWHERE = 'http://127.0.0.1:9';
const cleanup = new AsyncDisposableStack();
let orders: TestDatabase;
let catalog: TestDatabase;

beforeAll(async () => {
  const adminUrl = inject('adminUrl');
  orders = cleanup.use(await createTestDatabase({ adminUrl, service: 'orders', migrations }));
  catalog = cleanup.use(await createTestDatabase({ adminUrl, service: 'catalog', migrations }));
});
afterAll(() => cleanup.disposeAsync());

/** What `npm start` writes down: two services with databases, of which only some may answer. */
function systemAt(natsUrl: string, at: { ordersUrl?: string; ordersAdminUrl?: string } = {}): SystemFile {
  return {
    pid: process.pid,
    version: '1.0.0',
    nats_url: natsUrl,
    services: {
      orders: {
        url: at.ordersUrl ?? NOWHERE,
        admin_url: at.ordersAdminUrl ?? NOWHERE,
        worker_database_url: orders.urls.workerUrl,
      },
      catalog: { url: NOWHERE, admin_url: NOWHERE, worker_database_url: catalog.urls.workerUrl },
    },
  };
}

async function zoco(line: string, system: SystemFile | undefined, env: Record<string, string> = {}) {
  const terminal = silentTerminal();
  const exitCode = await run(line.split(' '), {
    surroundings: { env, system, folder: '/' },
    terminal,
    signal: new AbortController().signal,
  });
  return { exitCode, out: terminal.outLines.join('\n'), notes: terminal.noteLines.join('\n') };
}

async function examine(system: SystemFile, env?: Record<string, string>) {
  const { exitCode, out } = await zoco('doctor --json', system, env);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  expect(exitCode).toBe(ok ? 0 : 1);
  return (area: Finding['area'], subject: string) =>
    findings.find((finding) => finding.area === area && finding.subject === subject);
}

async function expireOrder(): Promise<string> {
  const orderId = newId('order');
  const data = { order_id: orderId, expired_at: '2026-01-01T00:00:00.000Z' };
  await orders.db.transact(testTenant().id, (tx) =>
    record(tx, orderExpired, { aggregateId: orderId, version: 1, data }),
  );
  return orderId;
}

/** Publishes what lies in the outbox of orders, as its relay does. */
async function publish(natsUrl: string): Promise<void> {
  const nc = await connectNats({ url: natsUrl, name: 'test' });
  await provisionStreams(nc);
  while ((await relayOnce(jetstream(nc), { service: 'orders', db: orders.db, log })) > 0);
  await nc.close();
}

async function storedMessages(natsUrl: string): Promise<number> {
  const nc = await connectNats({ url: natsUrl, name: 'test' });
  const { state } = await (await jetstreamManager(nc)).streams.info('ORDERS');
  await nc.close();
  return state.messages;
}

describe('replay', () => {
  test('fills a NATS that lost its store: makes the streams, and publishes everything since', async () => {
    await using before = await startPrivateNats();
    await expireOrder();
    await expireOrder();
    await publish(before.url);
    await using after = await startPrivateNats();
    const { exitCode, out, notes } = await zoco('replay', systemAt(after.url));
    expect(exitCode, notes).toBe(0);
    expect(notes).toContain('streams are missing');
    expect(out).toMatch(/^orders +(\d+) events since /m);
    expect(out).toMatch(/^catalog +0 events since /m);
    expect(await storedMessages(after.url)).toBe(await storedMessages(before.url));
  });

  test('a time in the future brings nothing, and one service may be chosen', async () => {
    await using nats = await startPrivateNats();
    const { exitCode, out } = await zoco('replay --since 2999-01-01 --service orders', systemAt(nats.url));
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^orders +0 events/);
    expect(out).not.toContain('catalog');
  });

  test.each([
    [
      'nobody says where the databases are',
      'replay',
      {},
      /^No database is known: .*ZOCO_WORKER_URL_USERS\.$/,
    ],
    [
      'nobody says where NATS is',
      'replay',
      { ZOCO_WORKER_URL_ORDERS: 'postgres://a:b@127.0.0.1:9/c' },
      /^Nobody says where NATS is/,
    ],
    [
      'NATS does not answer',
      'redrive',
      { ZOCO_WORKER_URL_ORDERS: 'postgres://a:b@127.0.0.1:9/c', NATS_URL: 'nats://127.0.0.1:9' },
      /^NATS at 127\.0\.0\.1:9 does not answer \(.+\): nothing is lost/,
    ],
  ])('%s: one sentence', async (_what, line, env, sentence) => {
    const { exitCode, notes } = await zoco(line, undefined, env);
    expect(exitCode).toBe(1);
    expect(notes).toMatch(sentence);
    expect(notes).not.toContain('\n');
  });

  test('the database does not answer: one sentence', async () => {
    await using nats = await startPrivateNats();
    const env = { ZOCO_WORKER_URL_ORDERS: 'postgres://a:b@127.0.0.1:9/c', NATS_URL: nats.url };
    const { exitCode, notes } = await zoco('redrive --service orders', undefined, env);
    expect(exitCode).toBe(1);
    expect(notes).toMatch(/^The database of orders does not answer \(.+\): is Postgres up\?$/);
  });
});

test('redrive sends dead letters back, and the doctor tells of them until then', async () => {
  await using nats = await startPrivateNats();
  const system = systemAt(nats.url);
  const orderId = await expireOrder();
  await publish(nats.url);
  let isMended = false;
  const handled: string[] = [];
  await using _events = startEvents({
    service: 'catalog',
    natsUrl: nats.url,
    db: catalog.db,
    log,
    handlers: HANDLES.catalog.map((event) =>
      on(event, async (_tx, { aggregateId }) => {
        if (!isMended) throw new Problem('not_found', 'shelf_missing', 'There is no such shelf.');
        handled.push(aggregateId);
      }),
    ),
    watchers: WATCHES.catalog.map((event) => watch(event, () => {})),
  });
  const letters = async () => (await examine(system))('dead letters', 'catalog');
  await eventually(async () =>
    expect(await letters()).toMatchObject({
      state: 'wrong',
      detail: expect.stringContaining('There is no such shelf.'),
      advice: expect.stringContaining('zoco redrive --service catalog'),
    }),
  );
  isMended = true;
  await eventually(async () => {
    await zoco('redrive --service catalog', system);
    expect(handled).toContain(orderId);
    expect(await letters()).toBeUndefined();
  });
});

describe('doctor', () => {
  /** orders as a service runs: its public port, and an admin port that says whether it is ready. */
  async function startOrders(check: () => Promise<void>) {
    const readiness = { isDraining: () => false, checks: [{ name: 'database', check }] };
    const admin = await serve({ fetch: createAdminApp(readiness).fetch, host: '127.0.0.1', port: 0 });
    const api = await startApiServer(() => ({
      status: 200,
      json: { status: 'ok', service: 'orders', version: '1.0.0', uptime_seconds: 7 },
    }));
    return {
      ordersUrl: api.url,
      ordersAdminUrl: `http://127.0.0.1:${admin.port}`,
      async [Symbol.asyncDispose]() {
        await admin.close(100);
        await api[Symbol.asyncDispose]();
      },
    };
  }

  test('half a system: what is up is told, and each thing that is not has its cure', async () => {
    await using nats = await startPrivateNats();
    await using up = await startOrders(() => Promise.resolve());
    const find = await examine(systemAt(nats.url, up));
    expect(find('system', 'this machine')).toMatchObject({ state: 'ok' });
    expect(find('service', 'orders')).toMatchObject({ state: 'ok', detail: '1.0.0, up 7 s' });
    expect(find('service', 'catalog')).toMatchObject({ state: 'wrong', advice: expect.any(String) });
    expect(find('service', 'cart'), 'does not belong to this system').toBeUndefined();
    expect(find('nats', 'server')).toMatchObject({ state: 'ok' });
    expect(find('stream', 'ORDERS')).toMatchObject({
      state: 'wrong',
      advice: expect.stringContaining('replay'),
    });
    expect(find('consumer', 'catalog-on-order-expired')).toMatchObject({ state: 'wrong' });
    expect(find('outbox', 'catalog')).toMatchObject({ state: 'ok' });
  });

  test('readiness says why, an unread outbox how old it is', async () => {
    await using nats = await startPrivateNats();
    await using up = await startOrders(() => Promise.reject(new Error('connect ECONNREFUSED')));
    await expireOrder();
    const shop = testTenant().id;
    const orderId = newId('order');
    const data = { order_id: orderId, expired_at: '2026-01-01T00:00:00.000Z' };
    await orders.db.transact(shop, (tx) =>
      record(tx, orderExpired, { aggregateId: orderId, version: 1, data }),
    );
    await orders.db.transact(
      shop,
      (tx) =>
        tx.sql`update outbox set created_at = now() - interval '5 minutes' where aggregate_id = ${orderId}`,
    );
    const find = await examine(systemAt(nats.url, up));
    expect(find('service', 'orders')).toMatchObject({
      state: 'wrong',
      detail: 'not ready: database: connect ECONNREFUSED',
    });
    expect(find('outbox', 'orders')).toMatchObject({
      state: 'wrong',
      detail: expect.stringMatching(/oldest 5 min old/),
    });
  });

  test('streams and consumers that exist are well, one that nobody reads is not', async () => {
    await using nats = await startPrivateNats();
    await expireOrder();
    await publish(nats.url);
    const find = await examine(systemAt(nats.url));
    expect(find('stream', 'ORDERS')).toMatchObject({ state: 'ok' });
    expect(find('consumer', 'cart-on-order-created')).toMatchObject({ state: 'ok', detail: 'nothing waits' });
    expect(find('consumer', 'catalog-on-order-expired')).toMatchObject({ state: 'wrong' });
  });

  test('everything down is still an examination', async () => {
    const find = await examine(systemAt('nats://127.0.0.1:9'), {
      ZOCO_WORKER_URL_ORDERS: 'postgres://a:b@127.0.0.1:9/c',
    });
    expect(find('nats', 'server')).toMatchObject({ state: 'wrong' });
    expect(find('outbox', 'orders')).toMatchObject({
      state: 'wrong',
      advice: expect.stringContaining('Postgres'),
    });
    expect(find('outbox', 'catalog')).toMatchObject({ state: 'ok' });
  });

  test('a runner that was killed is found out', async () => {
    const { out, exitCode } = await zoco('doctor', { ...systemAt('nats://127.0.0.1:9'), pid: 2 ** 22 });
    expect(exitCode).toBe(1);
    expect(out).toMatch(/!! this machine .*is gone/);
    expect(out).toMatch(/→ Run `npm start`/);
    expect(out).toMatch(/\d+ things to do\.$/);
  });

  test('a gateway elsewhere that does not answer is wrong', async () => {
    const { exitCode, out } = await zoco('doctor --url http://gateway.invalid', undefined);
    expect(exitCode).toBe(1);
    expect(out).toContain('does not answer at http://gateway.invalid');
  });
});
