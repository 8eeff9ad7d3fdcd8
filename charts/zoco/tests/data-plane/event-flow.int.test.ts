import { jetstreamManager } from '@nats-io/jetstream';
import {
  durableOf,
  EVENTS,
  HANDLES,
  LIMIT_SUBJECTS,
  SERVICE_NAMES,
  type ServiceName,
  streamOf,
  WATCHES,
} from '@zoco/contracts';
import {
  connectNats,
  on,
  provisionService,
  provisionStreams,
  record,
  startEvents,
  startWatching,
  watch,
} from '@zoco/events';
import { newId } from '@zoco/kernel';
import { createLogger } from '@zoco/service';
import {
  createTestDatabase,
  eventually,
  startTestServers,
  type TestDatabase,
  testTenant,
} from '@zoco/testing';
import { expect, test } from 'vitest';
import { render } from '../render.ts';
import { type ChartNats, startChartNats } from './chart-servers.ts';

const log = createLogger({ service: 'test', version: 'test', level: 'fatal' });
// The tables that every service has.
const migrations = new URL('../../../../libs/events/fixtures/migrations/', import.meta.url);
const PRODUCERS = SERVICE_NAMES.filter((name) => EVENTS.some(({ producer }) => producer === name));

const urlOf = (nats: ChartNats, service: ServiceName) => nats.urlIn(`zoco-nats-${service}`);
const sorted = (types: Iterable<string>) => [...types].toSorted();

/** A service's half of libs/events with its own login; what it handled and watched. */
function startService(nats: ChartNats, service: ServiceName, database: TestDatabase) {
  const handled = new Set<string>();
  const watched = new Set<string>();
  const events = startEvents({
    service,
    natsUrl: urlOf(nats, service),
    db: database.db,
    log,
    handlers: HANDLES[service].map((event) => on(event, async () => void handled.add(event.type))),
    watchers: WATCHES[service].map((event) => watch(event, () => void watched.add(event.type))),
  });
  return { handled, watched, [Symbol.asyncDispose]: () => events[Symbol.asyncDispose]() };
}

test('every event reaches everybody who handles or watches it, whoever starts first', async () => {
  const tenant = testTenant().id;
  await using cleanup = new AsyncDisposableStack();
  const nats = cleanup.use(await startChartNats(await render()));
  const services = new Map<ServiceName, ReturnType<typeof startService>>();
  const databases = new Map<ServiceName, TestDatabase>();
  const { adminUrl } = cleanup.use(await startTestServers());
  for (const service of PRODUCERS) {
    const database = cleanup.use(await createTestDatabase({ adminUrl, service, migrations }));
    databases.set(service, database);
    // Before there is any stream: it waits for its consumers.
    services.set(service, cleanup.use(startService(nats, service, database)));
  }
  const seenByGateway = new Set<string>();
  cleanup.use(
    startWatching({
      service: 'gateway',
      natsUrl: urlOf(nats, 'gateway'),
      log,
      watchers: WATCHES.gateway.map((event) => watch(event, () => void seenByGateway.add(event.type))),
    }),
  );
  // Each prepares itself alone, the last of the alphabet first.
  const admin = await connectNats({ url: nats.urlIn('zoco-nats', 'NATS_ADMIN_URL'), name: 'admin' });
  cleanup.defer(() => admin.close());
  for (const service of SERVICE_NAMES.toReversed()) await provisionService(admin, service);

  for (const event of EVENTS) {
    await databases
      .get(event.producer)
      ?.db.transact(tenant, (tx) =>
        record(tx, event, { aggregateId: newId('order'), version: 1, data: event.example }),
      );
  }
  await eventually(() => {
    for (const [service, { handled, watched }] of services) {
      expect(sorted(handled), `${service} handles`).toEqual(sorted(HANDLES[service].map(({ type }) => type)));
      expect(sorted(watched), `${service} watches`).toEqual(sorted(WATCHES[service].map(({ type }) => type)));
    }
    expect(sorted(seenByGateway)).toEqual(sorted(WATCHES.gateway.map(({ type }) => type)));
  });
  for (const [service, { db }] of databases) {
    const waiting = () => db.work((tx) => tx.sql`select type from outbox where published_at is null`);
    await eventually(async () => expect(await waiting(), `${service} published`).toEqual([]));
  }
  const jsm = await jetstreamManager(admin);
  for (const service of PRODUCERS) {
    for (const event of HANDLES[service]) {
      await eventually(async () => {
        const info = await jsm.consumers.info(streamOf(event.producer), durableOf(service, event));
        expect([info.num_pending, info.num_ack_pending], `${info.name} acknowledged`).toEqual([0, 0]);
      });
    }
  }
});

test('replicas of the gateway ask and answer each other', async () => {
  await using nats = await startChartNats(await render());
  const url = urlOf(nats, 'gateway');
  const [one, other] = [
    await connectNats({ url, name: 'gateway' }),
    await connectNats({ url, name: 'gateway' }),
  ];
  try {
    const heard = Promise.withResolvers<string>();
    other.subscribe(LIMIT_SUBJECTS.alive, { callback: (_error, message) => heard.resolve(message.string()) });
    other.subscribe(LIMIT_SUBJECTS.limits, { callback: (_error, message) => void message.respond('7') });
    await other.flush();
    one.publish(LIMIT_SUBJECTS.alive, 'one');
    expect(await heard.promise).toBe('one');
    expect((await one.request(LIMIT_SUBJECTS.limits, '', { timeout: 5000 })).string()).toBe('7');
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});

test('a login that is refused for now is tried again', async () => {
  await using nats = await startChartNats(await render());
  const url = new URL(urlOf(nats, 'orders'));
  url.password = 'old';
  const stop = new AbortController();
  let outcome = 'still trying';
  const connecting = connectNats({ url: url.href, name: 'orders', signal: stop.signal }).then(
    () => (outcome = 'connected'),
    () => (outcome = 'gave up'),
  );
  // By itself the client gives up at the second refusal.
  await eventually(async () => {
    const page = await (await fetch(`${nats.server.monitorUrl}/connz?state=closed`)).text();
    expect(page.split('Authentication Failure').length - 1).toBeGreaterThanOrEqual(3);
  });
  expect(outcome).toBe('still trying');
  stop.abort();
  await connecting;
});

test('streams that are there are left to their owner', async () => {
  await using nats = await startChartNats(await render());
  const admin = await connectNats({ url: nats.urlIn('zoco-nats', 'NATS_ADMIN_URL'), name: 'admin' });
  try {
    await provisionStreams(admin, { streamBytesMax: 2_000_000 });
    await provisionService(admin, 'payments', { streamBytesMax: 1_000_000 });
    const jsm = await jetstreamManager(admin);
    expect((await jsm.streams.info('PAYMENTS')).config.max_bytes).toBe(1_000_000);
    expect((await jsm.streams.info('ORDERS')).config.max_bytes).toBe(2_000_000);
  } finally {
    await admin.close();
  }
});
