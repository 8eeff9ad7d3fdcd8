import { setTimeout as delay } from 'node:timers/promises';
import { tenantUpdated } from '@zoco/contracts';
import { startWatching, watch } from '@zoco/events';
import {
  accessTokenVerifier,
  createAdminApp,
  createCaller,
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
import { systemClock } from './clock.ts';
import { composeGateway } from './compose-gateway.ts';
import { loadConfig } from './config.ts';
import { LimitExchange } from './limit-exchange.ts';
import { readDocument } from './reference-assets.ts';
import { servePublic } from './server.ts';

const config = loadConfig();
const stop = stopSignal();
const { SERVICE_VERSION: version, HOST: host } = config;
const log = createLogger({ service: 'gateway', version, level: config.LOG_LEVEL });
await using _telemetry = await startTelemetry({
  service: 'gateway',
  version,
  endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
  parentDecides: false,
});
startRuntimeMetrics('gateway', version);

const identity = await openIdentity('gateway', config);
const call = createCaller(identity, { users: config.USERS_URL });
const tenants = createTenantDirectory(call, log);
void tenants.load(stop);

const readiness = {
  draining: false,
  checks: [{ name: 'tenants', check: () => tenants.checkLoaded() }],
};
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
  isDraining: () => readiness.draining,
  random: Math.random,
});
await using _events = startWatching({
  service: 'gateway',
  natsUrl: config.NATS_URL,
  log,
  watchers: [watch(tenantUpdated, (settings) => tenants.update(settings))],
  onReconnect: () => void tenants.load(stop),
  onConnected: (nc) => replicas.attach(nc, composed.limiter),
});

const admin = await serve({ fetch: createAdminApp(readiness).fetch, host, port: config.ADMIN_PORT });
const server = await servePublic({
  listener: composed.gateway.listener,
  host,
  port: config.PORT,
  connectionsMax: config.GATEWAY_CONNECTIONS_MAX,
});
log.info({ port: server.port, admin_port: admin.port }, 'ready to serve');

await untilAborted(stop);
readiness.draining = true;
server.drain();
await delay(config.SHUTDOWN_DELAY_MS);
composed.gateway.endStreams();
await server.close(config.SHUTDOWN_TIMEOUT_MS);
replicas.leave();
await admin.close(1000);
