import { tenantUpdated } from '@zoco/contracts';
import { startEvents, watch } from '@zoco/events';
import { openDatabase } from '@zoco/postgres';
import {
  accessTokenVerifier,
  createCaller,
  createFailpoint,
  createTenantDirectory,
  openIdentity,
  remoteKeys,
  serve,
  serveUntilStopped,
  startService,
} from '@zoco/service';
import { createOrdersApp } from './app.ts';
import { createBuyers } from './buyers.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createOrderNumbers } from './order-numbers.ts';
import { createOrderStreams } from './order-streams.ts';
import { runSweeper } from './sweeper.ts';

const config = loadConfig();
await using service = await startService('orders', config);
const { log, stop } = service;

await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'orders',
  poolMax: config.DATABASE_POOL_MAX,
});
const identity = await openIdentity('orders', config);
const call = createCaller(identity, {
  users: config.USERS_URL,
  catalog: config.CATALOG_URL,
  payments: config.PAYMENTS_URL,
});
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);
const failpoint = createFailpoint(config.ZOCO_FAILPOINT);
await using _events = startEvents({
  service: 'orders',
  natsUrl: config.NATS_URL,
  db,
  log,
  failpoint,
  handlers: handlers(failpoint),
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings))],
  reload: () => void tenants.load(stop),
});

const deps = {
  config,
  call,
  buyers: createBuyers(call),
  numbers: createOrderNumbers(db),
  failpoint,
  log,
  db,
  tenants,
  identity,
};
const sweeping = runSweeper(deps, config.ORDERS_SWEEP_INTERVAL_MS, stop);
const streams = createOrderStreams(db, log, config.ORDERS_STREAMS_MAX);
const verifyToken = accessTokenVerifier(remoteKeys(config.USERS_URL));
const app = createOrdersApp({ ...deps, verifyToken, streams });
await serveUntilStopped(service, {
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'identity', check: () => identity.checkReady() },
    { name: 'tenants', check: () => tenants.checkLoaded() },
  ],
  listen: () => serve({ fetch: app.fetch, host: config.HOST, port: config.PORT }),
  endStreams: () => streams.close(),
});
await sweeping;
