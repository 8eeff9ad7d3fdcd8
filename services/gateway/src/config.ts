import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { ServiceName } from '@zoco/contracts';
import { baseEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const serviceUrl = z.url({ protocol: /^https?$/ }).optional();
const count = z.coerce.number().int().positive();

/** Networks like `10.0.0.0/8,fd00::/8`; a single address is a network of its own. */
const networks = z.string().transform((text, context): BlockList => {
  const list = new BlockList();
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    const bitsMax = family === 'ipv4' ? 32 : 128;
    const prefix = bits === undefined ? bitsMax : Number(bits);
    if (family === undefined || !Number.isInteger(prefix) || prefix < 0 || prefix > bitsMax) {
      context.addIssue({ code: 'custom', message: 'must be networks like 10.0.0.0/8' });
      return z.NEVER;
    }
    list.addSubnet(address, prefix, family);
  }
  return list;
});

const Env = z.object({
  ...baseEnv,
  CATALOG_URL: serviceUrl,
  CART_URL: serviceUrl,
  ORDERS_URL: serviceUrl,
  PAYMENTS_URL: serviceUrl,
  INVOICING_URL: serviceUrl,
  /** A gateway mostly waits, so it may hold more requests than a service. */
  REQUESTS_IN_FLIGHT_MAX: count.default(1000),
  /** Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  GATEWAY_TRUSTED_PROXIES: networks.default(() => new BlockList()),
  /** Total time of a request, but for imports and server-sent events. */
  GATEWAY_TIMEOUT_MS: count.default(10_000),
  /** Largest body of a request, but for imports; services have tighter limits of their own. */
  GATEWAY_BODY_BYTES_MAX: count.default(1024 * 1024),
  GATEWAY_UPLOAD_BYTES_MAX: count.default(256 * 1024 * 1024),
  GATEWAY_CONNECTIONS_MAX: count.default(2000),
  /** Connections to each service. */
  GATEWAY_UPSTREAM_CONNECTIONS_MAX: count.default(256),
  /** Server-sent event streams open at a time. */
  GATEWAY_STREAMS_MAX: count.default(1000),
  GATEWAY_CACHE_BYTES_MAX: count.default(16 * 1024 * 1024),
  /** Users and addresses whose requests are counted at a time; beyond, the longest idle are forgotten. */
  GATEWAY_LIMIT_KEYS_MAX: count.default(50_000),
  /** Limit per address of requests that name no tenant the gateway knows. */
  GATEWAY_ADDRESS_REQUESTS_MAX: count.default(300),
  GATEWAY_ADDRESS_WINDOW_SECONDS: count.max(3600).default(10),
  GATEWAY_WEBHOOK_REQUESTS_PER_SECOND: count.default(200),
  /** In a cluster: Deployments are named `<prefix><service>`, and `/status` tells of them. */
  GATEWAY_DEPLOYMENTS_PREFIX: z.string().min(1).optional(),
});

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

/** Base URLs of the services that are deployed. */
export function serviceUrls(config: Config): [ServiceName, string][] {
  const urls: [ServiceName, string | undefined][] = [
    ['users', config.USERS_URL],
    ['catalog', config.CATALOG_URL],
    ['cart', config.CART_URL],
    ['orders', config.ORDERS_URL],
    ['payments', config.PAYMENTS_URL],
    ['invoicing', config.INVOICING_URL],
  ];
  return urls.filter((entry): entry is [ServiceName, string] => entry[1] !== undefined);
}
