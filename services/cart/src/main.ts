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
import { createCartApp } from './app.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createOwnCheckouts } from './own-checkouts.ts';
import { purgeHourly } from './purge-schedule.ts';

const config = loadConfig();
await using service = await startService('cart', config);
const { log, stop } = service;

await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'cart',
  poolMax: config.DATABASE_POOL_MAX,
});
const identity = await openIdentity('cart', config);
const call = createCaller(identity, {
  users: config.USERS_URL,
  catalog: config.CATALOG_URL,
  orders: config.ORDERS_URL,
});
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);
const own = createOwnCheckouts();
const failpoint = createFailpoint(config.ZOCO_FAILPOINT);
await using _events = startEvents({
  service: 'cart',
  natsUrl: config.NATS_URL,
  db,
  log,
  failpoint,
  handlers: handlers(own),
  // Nobody waits to hear that a cart was checked out: its order tells that.
  relayGatherMs: 100,
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings))],
  reload: () => void tenants.load(stop),
});
void purgeHourly(db, config.CART_RETENTION_DAYS, log, stop);

const verifyToken = accessTokenVerifier(remoteKeys(config.USERS_URL));
const app = createCartApp({ config, db, identity, call, own, tenants, verifyToken, log, failpoint });
await serveUntilStopped(service, {
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'tenants', check: () => tenants.checkLoaded() },
  ],
  listen: () => serve({ fetch: app.fetch, host: config.HOST, port: config.PORT }),
});
