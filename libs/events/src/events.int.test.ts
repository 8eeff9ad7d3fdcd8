import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { durableOf, orderExpired } from '@zoco/contracts';
import { newId, type TenantId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { createLogger } from '@zoco/service';
import {
  createTestDatabase,
  eventually,
  startPrivateNats,
  type TestDatabase,
  testTenant,
} from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runConsumer } from './consumer.ts';
import { type Handle, type IsDone, on } from './event-handler.ts';
import { connectNats } from './nats.ts';
import { provisionStreams } from './provision.ts';
import { record, recordAll } from './record.ts';
import { relayOnce, runRelay } from './relay.ts';
import { redrive, replay } from './replay.ts';

const migrations = new URL('../fixtures/migrations/', import.meta.url);
const log = createLogger({ service: 'test', version: 'test', level: 'fatal' });
const cleanup = new AsyncDisposableStack();
let producer: TestDatabase;
let nc: NatsConnection;

beforeAll(async () => {
  producer = cleanup.use(
    await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'orders', migrations }),
  );
  const nats = cleanup.use(await startPrivateNats());
  nc = await connectNats({ url: nats.url, name: 'test' });
  cleanup.defer(() => nc.close());
  await provisionStreams(nc);
});
afterAll(() => cleanup.disposeAsync());

/** A consuming database, and a consumer that runs until the test ends. */
async function consume(handle: Handle<typeof orderExpired>, isDone?: IsDone<typeof orderExpired>) {
  const database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
  const stop = new AbortController();
  const options = { service: 'catalog', db: database.db, log } as const;
  const running = runConsumer(nc, on(orderExpired, handle, isDone), options, stop.signal);
  return {
    database,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await database[Symbol.asyncDispose]();
    },
  };
}

const expired = (tx: Tx, orderId = newId('order'), version = 1) =>
  record(tx, orderExpired, {
    aggregateId: orderId,
    version,
    data: { order_id: orderId, expired_at: '2026-01-01T00:00:00.000Z' },
  });

const increment = (tx: Tx, id: string) => tx.sql`
  insert into counters (tenant_id, id, total) values (${tx.tenantId}, ${id}, 1)
  on conflict (tenant_id, id) do update set total = counters.total + 1`;

const totals = (database: TestDatabase, tenantId: TenantId) =>
  database.db.read(
    tenantId,
    (tx) => tx.sql<{ id: string; total: string }[]>`select id, total from counters order by id`,
  );

const relay = () => relayOnce(jetstream(nc), { service: 'orders', db: producer.db, log });

async function drainOutbox(): Promise<void> {
  while ((await relay()) > 0);
}

/** A tenant's events in the stream, which keeps once what is published again. */
async function keptEvents(tenantId: TenantId) {
  const { name, num_pending } = await (
    await jetstreamManager(nc)
  ).consumers.add('ORDERS', {
    filter_subject: `zoco.orders.order.expired.${tenantId}`,
    ack_policy: AckPolicy.None,
  });
  const consumer = await jetstream(nc).consumers.get('ORDERS', name);
  const events = [];
  for await (const message of await consumer.fetch({ max_messages: num_pending }))
    events.push(message.json<{ subject: string; aggregateversion: number }>());
  return events;
}

describe('outbox', () => {
  test('an event of a transaction that fails is never published', async () => {
    const { id } = testTenant();
    const failing = producer.db.transact(id, async (tx) => {
      await expired(tx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const rows = await producer.db.read(id, (tx) => tx.sql`select * from outbox`);
    expect(rows).toHaveLength(0);
  });

  test('events of many causes that are recorded at once belong each to the trace of its own', async () => {
    const { id } = testTenant();
    const told = ['a1', 'b2'].map((byte) => {
      const order = newId('order');
      return {
        aggregateId: order,
        version: 1,
        data: { order_id: order, expired_at: '2026-01-01T00:00:00.000Z' },
        cause: { traceparent: `00-${byte.repeat(16)}-${byte.repeat(8)}-00` },
      };
    });
    await producer.db.transact(id, (tx) => recordAll(tx, orderExpired, told));
    const rows = await producer.db.read(
      id,
      (tx) => tx.sql<{ aggregate_id: string; traceparent: string }[]>`
        select aggregate_id, traceparent from outbox order by seq`,
    );
    expect(rows.map((row) => [row.aggregate_id, row.traceparent])).toEqual(
      told.map(({ aggregateId, cause }) => [aggregateId, cause.traceparent]),
    );
  });

  test('two relays at once: everything is published once, in order per aggregate', async () => {
    const { id } = testTenant();
    const orders = Array.from({ length: 10 }, () => newId('order'));
    for (let version = 1; version <= 20; version += 1) {
      await Promise.all(orders.map((order) => producer.db.transact(id, (tx) => expired(tx, order, version))));
    }
    await Promise.all([drainOutbox(), drainOutbox()]);
    await drainOutbox();
    const seen = new Map<string, number[]>();
    for (const { subject, aggregateversion } of await keptEvents(id))
      seen.set(subject, [...(seen.get(subject) ?? []), aggregateversion]);
    const inOrder = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(seen.size).toBe(orders.length);
    for (const order of orders) expect(seen.get(order)).toEqual(inOrder);
  });

  test('a crash after publishing and before marking repeats the event with the same id', async () => {
    const { id } = testTenant();
    await producer.db.transact(id, (tx) => expired(tx));
    const options = { service: 'orders', db: producer.db, log } as const;
    const crash = () => {
      throw new Error('crash');
    };
    await expect(relayOnce(jetstream(nc), { ...options, failpoint: crash })).rejects.toThrow('crash');
    const messages = async () =>
      (
        await (
          await jetstreamManager(nc)
        ).streams.info('ORDERS', { subjects_filter: `zoco.orders.order.expired.${id}` })
      ).state.subjects?.[`zoco.orders.order.expired.${id}`];
    expect(await messages()).toBe(1);
    await drainOutbox();
    expect(await messages()).toBe(1);
    const left = await producer.db.read(id, (tx) => tx.sql`select 1 from outbox where published_at is null`);
    expect(left).toHaveLength(0);
  });

  test('a commit wakes the running relay', async () => {
    const { id } = testTenant();
    const stop = new AbortController();
    const running = runRelay(nc, { service: 'orders', db: producer.db, log }, stop.signal);
    await producer.db.transact(id, (tx) => expired(tx));
    await eventually(async () => {
      const left = await producer.db.read(
        id,
        (tx) => tx.sql`select 1 from outbox where published_at is null`,
      );
      expect(left).toHaveLength(0);
    });
    stop.abort();
    await running;
  });
});

describe('inbox', () => {
  test('an event that is delivered many times takes effect once', async () => {
    const tenant = testTenant().id;
    await using consumer = await consume(async (tx, event) => void (await increment(tx, event.aggregateId)));
    const orders = [newId('order'), newId('order')];
    for (const order of orders) await producer.db.transact(tenant, (tx) => expired(tx, order));
    await drainOutbox();
    await eventually(async () => expect(await totals(consumer.database, tenant)).toHaveLength(2));
    await replay(nc, producer.db, 'orders', new Date(0));
    // JetStream drops what it still remembers; a message id of its own gets the same event through that window.
    const js = jetstream(nc);
    const rows = await producer.db.work(
      (tx) => tx.sql<{ id: string }[]>`select id from outbox where tenant_id = ${tenant}`,
    );
    for (const { id } of rows) {
      const original = await (
        await jetstreamManager(nc)
      ).streams.getMessage('ORDERS', {
        last_by_subj: `zoco.orders.order.expired.${tenant}`,
      });
      if (original) await js.publish(original.subject, original.data, { msgID: `again-${id}` });
    }
    const marker = newId('order');
    await producer.db.transact(tenant, (tx) => expired(tx, marker));
    await drainOutbox();
    await eventually(async () => expect(await totals(consumer.database, tenant)).toHaveLength(3));
    expect((await totals(consumer.database, tenant)).map(({ total }) => Number(total))).toEqual([1, 1, 1]);
  });

  test('what is done already is not handled, and not delivered again', async () => {
    const tenant = testTenant().id;
    const [done, open] = [newId('order'), newId('order')];
    await using consumer = await consume(
      async (tx, event) => void (await increment(tx, event.aggregateId)),
      (event) => Promise.resolve(event.aggregateId === done),
    );
    for (const order of [done, open]) await producer.db.transact(tenant, (tx) => expired(tx, order));
    await drainOutbox();
    await eventually(async () =>
      expect(await totals(consumer.database, tenant)).toMatchObject([{ id: open, total: '1' }]),
    );
    const noted = () => consumer.database.db.read(tenant, (tx) => tx.sql`select event_id from inbox`);
    await eventually(async () => expect(await noted()).toHaveLength(2));
    const manager = await jetstreamManager(nc);
    await eventually(async () => {
      const info = await manager.consumers.info('ORDERS', durableOf('catalog', orderExpired));
      expect(info).toMatchObject({ num_pending: 0, num_ack_pending: 0 });
    });
  });

  test('a failing handler leaves no trace and is tried again', async () => {
    const tenant = testTenant().id;
    let tries = 0;
    await using consumer = await consume(async (tx, event) => {
      if (event.tenantId !== tenant) return;
      await increment(tx, event.aggregateId);
      tries += 1;
      if (tries === 1) throw new Error('first try fails');
    });
    await producer.db.transact(tenant, (tx) => expired(tx));
    await drainOutbox();
    await eventually(async () =>
      expect(await totals(consumer.database, tenant)).toMatchObject([{ total: '1' }]),
    );
    expect(tries).toBe(2);
  });

  test('poison is parked at once, and a redrive brings it back', async () => {
    const tenant = testTenant().id;
    await using consumer = await consume(async (tx, event) => void (await increment(tx, event.aggregateId)));
    await jetstream(nc).publish(`zoco.orders.order.expired.${tenant}`, '{"not":"an envelope"}', {
      msgID: newId('event'),
    });
    const letters = () =>
      consumer.database.db.read(tenant, (tx) => tx.sql`select error, redriven_at from dead_letters`);
    await eventually(async () => expect(await letters()).toMatchObject([{ redriven_at: null }]));
    expect(await redrive(nc, consumer.database.db)).toBe(1);
    await eventually(async () =>
      expect((await letters()).some((letter) => letter['redriven_at'] === null)).toBe(true),
    );
  });
});

test('however many messages belong to nobody, they keep out none that does', async () => {
  const tenant = testTenant().id;
  await using consumer = await consume(async (tx, event) => void (await increment(tx, event.aggregateId)));
  // More than a consumer may have in hand.
  for (let n = 0; n < 70; n += 1)
    await jetstream(nc).publish('zoco.orders.order.expired.NO_TENANT', '{}', { msgID: newId('event') });
  await producer.db.transact(tenant, (tx) => expired(tx));
  await drainOutbox();
  await eventually(async () => expect(await totals(consumer.database, tenant)).toHaveLength(1));
});

test('the store of NATS is lost: replay restores what consumers missed', async () => {
  const tenant = testTenant().id;
  await using lost = await startPrivateNats();
  const other = await connectNats({ url: lost.url, name: 'test' });
  await producer.db.transact(tenant, (tx) => expired(tx));
  await drainOutbox();
  await provisionStreams(other);
  const count = await replay(other, producer.db, 'orders', new Date(0));
  const info = await (await jetstreamManager(other)).streams.info('ORDERS');
  expect(info.state.messages).toBe(count);
  expect(count).toBeGreaterThan(0);
  await other.close();
});

test('streams are bounded, and refuse rather than forget', async () => {
  const { config } = await (await jetstreamManager(nc)).streams.info('CATALOG');
  expect(config).toMatchObject({
    discard: 'new',
    retention: 'limits',
    deny_delete: true,
    deny_purge: true,
    max_msg_size: 524_288,
  });
  expect(config.max_bytes).toBeGreaterThan(0);
});
