import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import { durableOf, EVENTS, HANDLES, SERVICE_NAMES, streamOf, subjectOf, WATCHES } from '@zoco/contracts';
import type { EventDefinition, ServiceName } from '@zoco/contracts';
import { natsServer, provisionStreams } from '@zoco/events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { render } from '../render.ts';
import { type ChartNats, startChartNats } from './chart-servers.ts';

const cleanup = new AsyncDisposableStack();
let nats: ChartNats;

beforeAll(async () => {
  nats = cleanup.use(await startChartNats(await render()));
  await using admin = await login('zoco-nats', 'NATS_ADMIN_URL', '_INBOX');
  await provisionStreams(admin.nc);
});
afterAll(() => cleanup.disposeAsync());

async function login(secret: string, key: string, inboxPrefix: string) {
  const nc = await connect({ ...natsServer(nats.urlIn(secret, key)), inboxPrefix });
  return { nc, [Symbol.asyncDispose]: () => nc.close() };
}

const as = (service: ServiceName) => login(`zoco-nats-${service}`, 'NATS_URL', `_INBOX_${service}`);

/** What the server refused of what `act` did, as `publish <subject>` and `subscription <subject>`. */
async function refusals(nc: NatsConnection, act: () => void): Promise<string[]> {
  const refused: string[] = [];
  const heard = (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'error' && status.error instanceof errors.PermissionViolationError)
        refused.push(`${status.error.operation} ${status.error.subject}`);
    }
  })();
  act();
  // The server answers in order: what it refuses comes before this does.
  await nc.flush();
  await nc.close();
  await heard;
  return refused;
}

const own = (service: ServiceName) => EVENTS.filter(({ producer }) => producer === service);
const pulls = (service: ServiceName, event: EventDefinition) => {
  const durable = `${streamOf(event.producer)}.${durableOf(service, event)}`;
  return [
    `$JS.API.CONSUMER.INFO.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${durable}`,
    `$JS.ACK.${durable}.1.1.1.1.0`,
  ];
};
const LIMITS = ['zoco.gateway.replica.alive', 'zoco.gateway.replica.gone', 'zoco.gateway.limits'];

const mayPublish = (service: ServiceName): readonly string[] => [
  ...own(service).map((event) => subjectOf(event, '*').replace('*', 'acme')),
  ...HANDLES[service].flatMap((event) => pulls(service, event)),
  ...(service === 'gateway' ? [...LIMITS, '_INBOX_gateway.x'] : []),
];
const maySubscribe = (service: ServiceName): readonly string[] => [
  ...WATCHES[service].map((event) => subjectOf(event, '*')),
  `_INBOX_${service}.>`,
  ...(service === 'gateway' ? LIMITS : []),
];

const STREAMS = [...new Set(EVENTS.map(({ producer }) => streamOf(producer)))];
const API = [
  '$JS.API.INFO',
  '$JS.API.STREAM.NAMES',
  '$JS.API.STREAM.LIST',
  '$JS.API.STREAM.CREATE.MINE',
  '$JS.API.STREAM.TEMPLATE.CREATE.MINE',
  ...STREAMS.flatMap((stream) => [
    ...['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'INFO', 'SNAPSHOT', 'RESTORE', 'MSG.GET', 'MSG.DELETE'].map(
      (verb) => `$JS.API.STREAM.${verb}.${stream}`,
    ),
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.CONSUMER.NAMES.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.mine`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
  ]),
];
const FOREIGN = [
  '$SYS.REQ.SERVER.PING',
  '$JS.EVENT.ADVISORY.x',
  '_INBOX.x',
  'zoco.orders.order.invented.acme',
  'zoco.orders.order.created.acme.more',
  'anything',
];
const everyPublish = [
  ...new Set([
    ...SERVICE_NAMES.flatMap((name) => [...mayPublish(name), `_INBOX_${name}.x`]),
    ...SERVICE_NAMES.flatMap((name) =>
      HANDLES[name].map(
        (event) => `$JS.API.CONSUMER.DELETE.${streamOf(event.producer)}.${durableOf(name, event)}`,
      ),
    ),
    ...API,
    ...FOREIGN,
  ]),
];
const everySubscribe = [
  ...new Set([
    ...SERVICE_NAMES.flatMap((name) => [...maySubscribe(name), `zoco.${name}.>`]),
    ...EVENTS.map((event) => subjectOf(event, '*')),
    '>',
    'zoco.>',
    '_INBOX.>',
    '_INBOX_*.>',
    '$JS.API.>',
    '$JS.ACK.>',
    '$SYS.>',
    '$JS.EVENT.>',
  ]),
];

describe.each(SERVICE_NAMES)('%s', (service) => {
  test('publishes to its own subjects and its own consumers, and to nothing else', async () => {
    await using session = await as(service);
    const refused = await refusals(session.nc, () => {
      for (const subject of everyPublish) session.nc.publish(subject, '');
    });
    const allowed = mayPublish(service);
    expect(refused.toSorted()).toEqual(
      everyPublish
        .filter((subject) => !allowed.includes(subject))
        .map((subject) => `publish ${subject}`)
        .toSorted(),
    );
    expect(everyPublish.length).toBeGreaterThan(allowed.length + 100);
  });

  test('subscribes to what it watches and to its own answers, and to nothing else', async () => {
    await using session = await as(service);
    const refused = await refusals(session.nc, () => {
      for (const subject of everySubscribe) session.nc.subscribe(subject, { callback: () => {} });
    });
    const allowed = maySubscribe(service);
    expect(refused.toSorted()).toEqual(
      everySubscribe
        .filter((subject) => !allowed.includes(subject))
        .map((subject) => `subscription ${subject}`)
        .toSorted(),
    );
  });
});

test.each([
  ['no login', {}],
  ['a login that is none', { user: 'orders2', pass: 'x' }],
  ['the password of nobody', { user: 'orders', pass: '$(SECRET_ORDERS)' }],
  ['an empty password', { user: 'admin', pass: '' }],
])('%s opens nothing', async (_name, credentials) => {
  const servers = `127.0.0.1:${nats.server.port}`;
  await expect(connect({ servers, ...credentials, reconnect: false })).rejects.toThrow(/Authorization/i);
});
