import { tenantUpdated } from '@zoco/contracts';
import { startWatching, watch } from '@zoco/events';
import {
  accessTokenVerifier,
  createCaller,
  createTenantDirectory,
  openIdentity,
  remoteKeys,
  serveUntilStopped,
  startService,
} from '@zoco/service';
import { systemClock } from './clock.ts';
import { composeGateway } from './compose-gateway.ts';
import { loadConfig } from './config.ts';
import { LimitExchange } from './limit-exchange.ts';
import { readDocument } from './reference-assets.ts';
import { servePublic } from './server.ts';

const config = loadConfig();
await using service = await startService('gateway', config, { parentDecides: false });
const { log, stop } = service;

const identity = await openIdentity('gateway', config);
const call = createCaller(identity, { users: config.USERS_URL });
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);

const replicas = new LimitExchange(log);
using composed = composeGateway({
  config,
  call,
  tenants,
  verifyToken: accessTokenVerifier(remoteKeys(config.USERS_URL)),
  replicas,
  document: await readDocument(),
  clock: systemClock,
  log,
  isDraining: () => stop.aborted,
  random: Math.random,
});
await using _events = startWatching({
  service: 'gateway',
  natsUrl: config.NATS_URL,
  log,
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings))],
  reload: () => void tenants.load(stop),
  onConnected: (nc) => replicas.attach(nc, composed.limiter),
});

await serveUntilStopped(service, {
  checks: [{ name: 'tenants', check: () => tenants.checkLoaded() }],
  listen: () =>
    servePublic({
      listener: composed.gateway.listener,
      host: config.HOST,
      port: config.PORT,
      connectionsMax: config.GATEWAY_CONNECTIONS_MAX,
    }),
  endStreams: () => composed.gateway.endStreams(),
});
replicas.leave();
