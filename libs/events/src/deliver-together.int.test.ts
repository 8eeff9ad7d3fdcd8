import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { durableOf, orderExpired, subjectOf } from '@zoco/contracts';
import { newId, type TenantId } from '@zoco/kernel';
import { type Database, openDatabase, type Tx } from '@zoco/postgres';
import { createLogger } from '@zoco/service';
import {
  createTestDatabase,
  eventually,
  startPrivateNats,
  type TestDatabase,
  testTenant,
} from '@zoco/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runConsumer } from './consumer.ts';
import { type HandleAll, onTogether } from './event-handler.ts';
import { handled, redelivered } from './metrics.ts';
import { connectNats } from './nats.ts';
import { provisionStreams } from './provision.ts';

const migrations = new URL('../fixtures/migrations/', import.meta.url);
const log = createLogger({ service: 'test', version: 'test', level: 'silent' });
const cleanup = new AsyncDisposableStack();
const durable = durableOf('catalog', orderExpired);
let nc: NatsConnection;

beforeAll(async () => {
  const nats = cleanup.use(await startPrivateNats());
  nc = await connectNats({ url: nats.url, name: 'test' });
  cleanup.defer(() => nc.close());
  await provisionStreams(nc);
});
afterAll(() => cleanup.disposeAsync());

/** A consumer that runs until the test ends. @param reach the way to its database */
async function consume(
  handleAll: HandleAll<typeof orderExpired>,
  gatherMs?: number,
  reach = (db: Database): Database => db,
) {
  const database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
  const stop = new AbortController();
  const options = { service: 'catalog', db: reach(database.db), log } as const;
  const running = runConsumer(nc, onTogether(orderExpired, handleAll, gatherMs), options, stop.signal);
  return {
    database,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await database[Symbol.asyncDispose]();
    },
  };
}

interface Told {
  readonly id?: string;
  readonly order?: string;
  readonly version?: number;
  readonly traceparent?: string;
}

/** Publishes events as a relay would; a message id of its own gets a repeated event through JetStream's window. */
async function publish(tenant: TenantId, told: readonly Told[]): Promise<void> {
  await Promise.all(
    told.map(({ id = newId('event'), order = newId('order'), version = 1, traceparent }) =>
      jetstream(nc).publish(
        subjectOf(orderExpired, tenant),
        JSON.stringify({
          specversion: '1.0',
          id,
          source: '/zoco/orders',
          type: 'order.expired',
          subject: order,
          time: new Date().toISOString(),
          datacontenttype: 'application/json',
          tenantid: tenant,
          aggregateversion: version,
          ...(traceparent === undefined ? {} : { traceparent }),
          data: { order_id: order, expired_at: '2026-01-01T00:00:00.000Z' },
        }),
        { msgID: newId('event') },
      ),
    ),
  );
}

const increment = (tx: Tx, id: string) => tx.sql`
  insert into counters (tenant_id, id, total) values (${tx.tenantId}, ${id}, 1)
  on conflict (tenant_id, id) do update set total = counters.total + 1`;

const totals = async (database: TestDatabase, tenant: TenantId) =>
  (
    await database.db.read(
      tenant,
      (tx) => tx.sql<{ total: string }[]>`select total from counters order by id`,
    )
  ).map(({ total }) => Number(total));

const redeliveries = async () =>
  (await redelivered.get()).values.find(({ labels }) => labels.consumer === durable)?.value ?? 0;

async function drained(): Promise<void> {
  const manager = await jetstreamManager(nc);
  await eventually(async () => {
    expect(await manager.consumers.info('ORDERS', durable)).toMatchObject({
      num_pending: 0,
      num_ack_pending: 0,
    });
  });
}

test('events that come together are handled in few transactions, once each', async () => {
  const tenant = testTenant().id;
  const sizes: number[] = [];
  const told = Array.from({ length: 20 }, () => ({ id: newId('event'), order: newId('order') }));
  // Before there is a consumer: so all of them come at once.
  await publish(tenant, [...told, ...told.slice(0, 5)]);
  await using consumer = await consume(async (tx, events) => {
    sizes.push(events.length);
    await Promise.all(events.map((event) => increment(tx, event.aggregateId)));
  }, 100);
  await drained();
  expect(await totals(consumer.database, tenant)).toEqual(Array.from({ length: 20 }, () => 1));
  expect(Math.max(...sizes)).toBeGreaterThan(1);
});

test('events that were handled before are left out of a batch, and the others are handled', async () => {
  const tenant = testTenant().id;
  await using consumer = await consume(
    async (tx, events) => void (await Promise.all(events.map((event) => increment(tx, event.aggregateId)))),
    100,
  );
  const known = Array.from({ length: 4 }, () => ({ id: newId('event'), order: newId('order') }));
  await publish(tenant, known);
  await drained();
  await publish(tenant, [...known, {}, {}]);
  await drained();
  expect(await totals(consumer.database, tenant)).toEqual([1, 1, 1, 1, 1, 1]);
});

test('one event that fails keeps nobody from being handled, and is tried again by itself', async () => {
  const tenant = testTenant().id;
  const bad = newId('order');
  let failures = 0;
  const before = await redeliveries();
  await using consumer = await consume(async (tx, events) => {
    await Promise.all(events.map((event) => increment(tx, event.aggregateId)));
    if (!events.some((event) => event.aggregateId === bad) || failures === 2) return;
    failures += 1;
    throw new Error('not yet');
  }, 100);
  await publish(tenant, [{}, {}, { order: bad }, {}]);
  await drained();
  expect(await totals(consumer.database, tenant)).toEqual([1, 1, 1, 1]);
  expect((await redeliveries()) - before).toBe(1);
});

test('what cannot be read is parked, beside a batch that goes well', async () => {
  const tenant = testTenant().id;
  await using consumer = await consume(
    async (tx, events) => void (await Promise.all(events.map((event) => increment(tx, event.aggregateId)))),
    100,
  );
  await jetstream(nc).publish(subjectOf(orderExpired, tenant), '{"not":"an envelope"}', {
    msgID: newId('event'),
  });
  await publish(tenant, [{}, {}]);
  await drained();
  expect(await totals(consumer.database, tenant)).toEqual([1, 1]);
  const letters = await consumer.database.db.read(tenant, (tx) => tx.sql`select 1 from dead_letters`);
  expect(letters).toHaveLength(1);
});

test('events of one aggregate come one after the other, in order', async () => {
  const tenant = testTenant().id;
  const order = newId('order');
  const seen: number[] = [];
  await using _consumer = await consume(async (tx, events) => {
    await tx.sql`select 1`;
    const own = events.filter((event) => event.aggregateId === order);
    expect(own.length).toBeLessThan(2);
    seen.push(...own.map((event) => event.version));
  }, 50);
  for (let version = 1; version <= 6; version += 1) await publish(tenant, [{ order, version }, {}]);
  await drained();
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
});

test('an event of a trace that is recorded is handled by itself; the others know where they come from', async () => {
  const tenant = testTenant().id;
  const parentOf = (flags: string) => `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`;
  const seen: (string | undefined)[][] = [];
  const told = ['00', '01', '00'].map((flags) => ({ traceparent: parentOf(flags) }));
  await publish(tenant, told);
  await using _consumer = await consume(async (tx, events) => {
    await tx.sql`select 1`;
    seen.push(events.map((event) => event.traceparent));
  }, 200);
  await drained();
  expect(seen.toSorted((a, b) => a.length - b.length)).toEqual([
    [parentOf('01')],
    [parentOf('00'), parentOf('00')],
  ]);
});

test('however long the database was away, nothing is lost or parked, and each event has all its tries afterwards', async () => {
  const tenant = testTenant();
  await publish(tenant.id, [{}, {}]);
  const consumer = await jetstream(nc).consumers.get('ORDERS', durable);
  // What an outage does in hours: more deliveries than any event is tried.
  for (let delivery = 0; delivery < 50; delivery += 1) (await consumer.next({ expires: 5000 }))?.nak();
  await using nowhere = openDatabase({
    url: 'postgres://nobody:nothing@127.0.0.1:9/nowhere',
    applicationName: 'test',
  });
  let isAway = true;
  const reach = (db: Database): Database => ({
    ...db,
    transact: (id, work) => (isAway ? nowhere : db).transact(id, work),
    transactOnce: (id, work) => (isAway ? nowhere : db).transactOnce(id, work),
  });
  let tries = 0;
  await using consuming = await consume(
    async (tx, events) => {
      tries += 1;
      if (tries === 1) throw new Error('not yet');
      for (const event of events) await increment(tx, event.aggregateId);
    },
    undefined,
    reach,
  );
  await eventually(async () => {
    const { values } = await handled.get();
    const postponed = values.find(
      ({ labels }) => labels.consumer === durable && labels.outcome === 'postponed',
    );
    expect(postponed?.value).toBeGreaterThan(1);
  });
  isAway = false;
  await drained();
  expect(await totals(consuming.database, tenant.id)).toEqual([1, 1]);
  const letters = await consuming.database.db.read(tenant.id, (tx) => tx.sql`select 1 from dead_letters`);
  expect(letters).toHaveLength(0);
});
