import { startEvents } from '@zoco/events';
import { openDatabase } from '@zoco/postgres';
import {
  accessTokenVerifier,
  createFailpoint,
  openIdentity,
  serve,
  serveUntilStopped,
  startService,
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
await using service = await startService('users', config);
const { log } = service;
const { USERS_KEY_ENCRYPTION_KEY: encryptionKey } = config;

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
  version: config.SERVICE_VERSION,
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
await serveUntilStopped(service, {
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'identity', check: () => identity.checkReady() },
    { name: 'signing keys', check: () => keys.checkLoaded() },
  ],
  listen: () => serve({ fetch: app.fetch, host: config.HOST, port: config.PORT }),
});
