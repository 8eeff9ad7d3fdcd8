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
import { createOrdersApp } from './app.ts';
import { createBuyers } from './buyers.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createOrderNumbers } from './order-numbers.ts';
import { createOrderStreams } from './order-streams.ts';
import { runSweeper } from './sweeper.ts';

const config = loadConfig();
const stop = stopSignal();
const { SERVICE_VERSION: version, HOST: host } = config;
const log = createLogger({ service: 'orders', version, level: config.LOG_LEVEL });
await using _telemetry = await startTelemetry({
  service: 'orders',
  version,
  endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
});
startRuntimeMetrics('orders', version);

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
  onReconnect: () => void tenants.load(stop),
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
const readiness = {
  draining: false,
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'identity', check: () => identity.checkReady() },
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
streams.close();
await server.close(config.SHUTDOWN_TIMEOUT_MS);
await sweeping;
await admin.close(1000);
