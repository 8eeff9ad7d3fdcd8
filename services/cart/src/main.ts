import { setTimeout as delay } from 'node:timers/promises';
import { tenantUpdated } from '@zoco/contracts';
import { startEvents, watch } from '@zoco/events';
import { openDatabase } from '@zoco/postgres';
import {
  accessTokenVerifier,
  createAdminApp,
  createCaller,
  createFailpoint,
  createLogger,
  createTenantDirectory,
  openIdentity,
  remoteKeys,
  serve,
  startRuntimeMetrics,
  startTelemetry,
  stopSignal,
  untilAborted,
} from '@zoco/service';
import { createCartApp } from './app.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createOwnCheckouts } from './own-checkouts.ts';
import { purgeHourly } from './purge-schedule.ts';

const config = loadConfig();
const stop = stopSignal();
const { SERVICE_VERSION: version, HOST: host } = config;
const log = createLogger({ service: 'cart', version, level: config.LOG_LEVEL });
await using _telemetry = await startTelemetry({
  service: 'cart',
  version,
  endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
});
startRuntimeMetrics('cart', version);

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
  onReconnect: () => void tenants.load(stop),
});
void purgeHourly(db, config.CART_RETENTION_DAYS, log, stop);

const verifyToken = accessTokenVerifier(remoteKeys(config.USERS_URL));
const app = createCartApp({ config, db, identity, call, own, tenants, verifyToken, log, failpoint });
const readiness = {
  draining: false,
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'tenants', check: () => tenants.checkLoaded() },
  ],
};
const admin = await serve({ fetch: createAdminApp(readiness).fetch, host, port: config.ADMIN_PORT });
const server = await serve({ fetch: app.fetch, host, port: config.PORT });
log.info({ port: server.port, admin_port: admin.port }, 'ready to serve');

await untilAborted(stop);
readiness.draining = true;
server.drain();
await delay(config.SHUTDOWN_DELAY_MS);
await server.close(config.SHUTDOWN_TIMEOUT_MS);
await admin.close(1000);
