import { tenantUpdated } from '@zoco/contracts';
import { startEvents, watch } from '@zoco/events';
import type { TenantId } from '@zoco/kernel';
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
import { createCatalogApp } from './app.ts';
import { cacheWatchers } from './cache-watchers.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createProductCache } from './product-cache.ts';
import { runReaper } from './reaper.ts';

// An import may take as long as it has something to send; its reader ends it when it pauses.
const UPLOAD_MS_MAX = 600_000;

const config = loadConfig();
await using service = await startService('catalog', config);
const { log, stop } = service;

await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'catalog',
  poolMax: config.DATABASE_POOL_MAX,
});
const identity = await openIdentity('catalog', config);
const call = createCaller(identity, { users: config.USERS_URL, orders: config.ORDERS_URL });
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);
const failpoint = createFailpoint(config.ZOCO_FAILPOINT);
const cache = createProductCache();
await using _events = startEvents({
  service: 'catalog',
  natsUrl: config.NATS_URL,
  db,
  log,
  failpoint,
  handlers: handlers({ cache, failpoint }),
  // Every order changes stock twice, and nobody waits to hear of it.
  relayGatherMs: 50,
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings)), ...cacheWatchers(cache)],
  reload: () => {
    cache.clear();
    void tenants.load(stop);
  },
});
const onChange = (tenantId: TenantId, ids: readonly string[]) =>
  ids.forEach((id) => cache.forgetStock(tenantId, id));
void runReaper({ db, call, log, failpoint, onChange }, stop);

const verifyToken = accessTokenVerifier(remoteKeys(config.USERS_URL));
const app = createCatalogApp({
  config,
  db,
  identity,
  call,
  cache,
  tenants,
  verifyToken,
  log,
  failpoint,
});
await serveUntilStopped(service, {
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'identity', check: () => identity.checkReady() },
    { name: 'tenants', check: () => tenants.checkLoaded() },
  ],
  listen: () =>
    serve({ fetch: app.fetch, host: config.HOST, port: config.PORT, requestTimeoutMs: UPLOAD_MS_MAX }),
});
