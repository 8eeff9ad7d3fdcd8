import type { ServiceName } from '@zoco/contracts';
import {
  type CallService,
  createKubernetesApi,
  type Logger,
  type TenantDirectory,
  type VerifyAccessToken,
} from '@zoco/service';
import { createApiKeys } from './api-keys.ts';
import { createOwnPages, OWN_PATHS } from './app.ts';
import type { Clock } from './clock.ts';
import { type Config, serviceUrls } from './config.ts';
import { createReadDeployments } from './deployments.ts';
import { Gateway } from './gateway.ts';
import { createKeySet, fetchKeysFrom } from './key-set.ts';
import { Proxy } from './proxy.ts';
import { RateLimiter, type Replicas } from './rate-limiter.ts';
import { packedOnce, readViewer } from './reference-assets.ts';
import { createResponseCache } from './response-cache.ts';
import { allowedOrigin } from './rules/cors.ts';
import { buildRouteTable, routedDocument } from './rules/route-table.ts';
import { createServiceCheck } from './service-status.ts';
import { Upstream } from './upstream.ts';

export interface GatewayDeps {
  readonly config: Config;
  readonly call: CallService;
  readonly tenants: Pick<TenantDirectory, 'known' | 'byHostname' | 'all'>;
  readonly verifyToken: VerifyAccessToken;
  readonly replicas: Replicas;
  /** The merged OpenAPI document as JSON. */
  readonly document: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isDraining: () => boolean;
  /** Number in [0, 1) for the pauses before retries. */
  readonly random: () => number;
}

/** The gateway with all of its parts; they are torn down together. */
export interface ComposedGateway extends Disposable {
  readonly gateway: Gateway;
  readonly limiter: RateLimiter;
}

/** Puts the parts together. */
export function composeGateway(deps: GatewayDeps): ComposedGateway {
  const { config, tenants, clock, log } = deps;
  const limiter = new RateLimiter({
    replicas: deps.replicas,
    keysMax: config.GATEWAY_LIMIT_KEYS_MAX,
    nowMs: () => clock.wallMs(),
  });
  const upstreams = createUpstreams(deps);
  const origins = {
    allowedByAny: (origin: string) =>
      [...tenants.all()].some(({ cors_origins: allowed }) => allowedOrigin(origin, allowed) !== undefined),
  };
  const proxy = new Proxy({
    upstreams,
    cache: createResponseCache(config.GATEWAY_CACHE_BYTES_MAX),
    clock,
    origins,
    timeoutMs: config.GATEWAY_TIMEOUT_MS,
    bodyBytesMax: config.GATEWAY_BODY_BYTES_MAX,
    uploadBytesMax: config.GATEWAY_UPLOAD_BYTES_MAX,
  });
  const gateway = new Gateway({
    ...deps,
    routes: buildRouteTable(routedDocument.parse(JSON.parse(deps.document))),
    ownPages: ownPages(deps),
    ownPaths: OWN_PATHS,
    origins,
    proxy,
    limiter,
    apiKeys: createApiKeys(deps.call, clock),
    defaults: {
      address: {
        requests: config.GATEWAY_ADDRESS_REQUESTS_MAX,
        window_seconds: config.GATEWAY_ADDRESS_WINDOW_SECONDS,
      },
      webhook: { requests: config.GATEWAY_WEBHOOK_REQUESTS_PER_SECOND, window_seconds: 1 },
    },
    isTrustedProxy: (address) =>
      config.GATEWAY_TRUSTED_PROXIES.check(address, address.includes(':') ? 'ipv6' : 'ipv4'),
    requestsInFlightMax: config.REQUESTS_IN_FLIGHT_MAX,
    streamsMax: config.GATEWAY_STREAMS_MAX,
  });
  log.debug({ services: Object.keys(upstreams) }, 'services behind the gateway');
  return {
    gateway,
    limiter,
    [Symbol.dispose]: () => Object.values(upstreams).forEach((upstream) => upstream.close()),
  };
}

function createUpstreams({ config, clock, random }: GatewayDeps): Partial<Record<ServiceName, Upstream>> {
  const connectionsMax = config.GATEWAY_UPSTREAM_CONNECTIONS_MAX;
  const upstreams: Partial<Record<ServiceName, Upstream>> = {};
  for (const [service, url] of serviceUrls(config)) {
    upstreams[service] = new Upstream({ service, url, connectionsMax, clock, random });
  }
  return upstreams;
}

function ownPages({ config, document, clock, log }: GatewayDeps) {
  const version = config.SERVICE_VERSION;
  const api = createKubernetesApi({ url: config.KUBERNETES_API_URL, dir: config.KUBERNETES_API_DIR });
  return createOwnPages({
    version,
    loadDocument: packedOnce(async () => document),
    loadViewer: packedOnce(readViewer),
    checkServices: createServiceCheck({ urls: new Map(serviceUrls(config)), version, clock }),
    readDeployments: createReadDeployments({ api, prefix: config.GATEWAY_DEPLOYMENTS_PREFIX, clock }),
    keys: createKeySet(fetchKeysFrom(config.USERS_URL), clock),
    log,
  });
}
