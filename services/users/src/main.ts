import { setTimeout as delay } from 'node:timers/promises';
import { startEvents } from '@zoco/events';
import { openDatabase } from '@zoco/postgres';
import {
  accessTokenVerifier,
  createAdminApp,
  createFailpoint,
  createLogger,
  openIdentity,
  serve,
  startRuntimeMetrics,
  startTelemetry,
  stopSignal,
  untilAborted,
} from '@zoco/service';
import { createAccountQueue } from './account-queue.ts';
import { createUsersApp } from './app.ts';
import { startBackground } from './background.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createTenantRegistry } from './tenant-registry.ts';

const config = loadConfig();
const stop = stopSignal();
const { SERVICE_VERSION: version, HOST: host, USERS_KEY_ENCRYPTION_KEY: encryptionKey } = config;
const log = createLogger({ service: 'users', version, level: config.LOG_LEVEL });
await using _telemetry = await startTelemetry({
  service: 'users',
  version,
  endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
});
startRuntimeMetrics('users', version);

await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'users',
  poolMax: config.DATABASE_POOL_MAX,
});
const identity = await openIdentity('users', config);
const keys = createSigningKeys(db, encryptionKey);
const tenants = createTenantRegistry(db);
await using _events = startEvents({
  service: 'users',
  natsUrl: config.NATS_URL,
  db,
  log,
  failpoint: createFailpoint(config.ZOCO_FAILPOINT),
  handlers: handlers(),
});
const keyRotationHours = config.USERS_KEY_ROTATION_HOURS;
await using _background = startBackground({ db, log, keys, tenants, encryptionKey, keyRotationHours });

const app = createUsersApp({
  version,
  log,
  db,
  identity,
  keys,
  tenants,
  verifyToken: accessTokenVerifier(keys.publicKeys),
  hasher: await createPasswordHasher({
    memoryKib: config.USERS_ARGON2_MEMORY_KIB,
    passes: config.USERS_ARGON2_PASSES,
  }),
  queue: createAccountQueue(),
  sessionDays: config.USERS_SESSION_DAYS,
  refreshTokenDays: config.USERS_REFRESH_TOKEN_DAYS,
  requestsInFlightMax: config.REQUESTS_IN_FLIGHT_MAX,
});
const readiness = {
  draining: false,
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'identity', check: () => identity.checkReady() },
    { name: 'signing keys', check: () => keys.checkLoaded() },
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
