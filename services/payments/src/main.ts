import { tenantUpdated } from '@zoco/contracts';
import { startEvents, watch } from '@zoco/events';
import { openDatabase } from '@zoco/postgres';
import {
  accessTokenVerifier,
  createCaller,
  createFailpoint,
  createKubernetesApi,
  createTenantDirectory,
  openIdentity,
  remoteKeys,
  serve,
  serveUntilStopped,
  startElection,
  startService,
} from '@zoco/service';
import { createPaymentsApp } from './app.ts';
import { startBackground } from './background.ts';
import { loadConfig } from './config.ts';
import { handlers } from './consumers/index.ts';
import { createStripeCalls } from './stripe-calls.ts';
import { createStripe } from './stripe-client.ts';
import { createWork } from './work.ts';

const config = loadConfig();
await using service = await startService('payments', config);
const { log, stop } = service;

await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'payments',
  poolMax: config.DATABASE_POOL_MAX,
});
const identity = await openIdentity('payments', config);
const call = createCaller(identity, { users: config.USERS_URL });
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);
const failpoint = createFailpoint(config.ZOCO_FAILPOINT);

const stripe = createStripe(config);
const payments = {
  db,
  log,
  failpoint,
  settings: config,
  stripe: createStripeCalls({
    stripe,
    environment: config.PAYMENTS_ENVIRONMENT,
    returnUrl: config.PAYMENTS_RETURN_URL,
  }),
};
const work = createWork(payments, config.PAYMENTS_STRIPE_CONCURRENCY);
const leaseName = config.PAYMENTS_LEADER_LEASE;
const api = createKubernetesApi({ url: config.KUBERNETES_API_URL, dir: config.KUBERNETES_API_DIR });
await using election = leaseName === undefined ? undefined : startElection({ api, leaseName, log });
await using _background = startBackground(payments, work, config, election);
await using _events = startEvents({
  service: 'payments',
  natsUrl: config.NATS_URL,
  db,
  log,
  failpoint,
  handlers: handlers(payments, work),
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings))],
  reload: () => void tenants.load(stop),
});

const verifyToken = accessTokenVerifier(remoteKeys(config.USERS_URL));
const app = createPaymentsApp({ config, db, identity, tenants, verifyToken, log, payments, work, stripe });
await serveUntilStopped(service, {
  checks: [
    { name: 'database', check: () => db.check() },
    { name: 'identity', check: () => identity.checkReady() },
    { name: 'tenants', check: () => tenants.checkLoaded() },
  ],
  listen: () => serve({ fetch: app.fetch, host: config.HOST, port: config.PORT }),
});
