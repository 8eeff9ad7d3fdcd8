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
import { createInvoicingApp } from './app.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';

const config = loadConfig();
await using service = await startService('invoicing', config);
const { log, stop } = service;

await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'invoicing',
  poolMax: config.DATABASE_POOL_MAX,
});
const identity = await openIdentity('invoicing', config);
const call = createCaller(identity, { users: config.USERS_URL });
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);
const failpoint = createFailpoint(config.ZOCO_FAILPOINT);
await using _events = startEvents({
  service: 'invoicing',
  natsUrl: config.NATS_URL,
  db,
  log,
  failpoint,
  handlers: handlers((id) => tenants.settings(id), failpoint),
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings))],
  reload: () => void tenants.load(stop),
});

const verifyToken = accessTokenVerifier(remoteKeys(config.USERS_URL));
const app = createInvoicingApp({ config, db, identity, tenants, verifyToken, log });
await serveUntilStopped(service, {
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'tenants', check: () => tenants.checkLoaded() },
  ],
  listen: () => serve({ fetch: app.fetch, host: config.HOST, port: config.PORT }),
});
