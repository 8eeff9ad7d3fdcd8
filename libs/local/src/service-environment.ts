import { SERVICE_NAMES, SERVICES, type ServiceName } from '@zoco/contracts';
import type { Observation } from './observation.ts';
import type { LocalSecrets } from './secrets.ts';
import { paymentsEnvironment, type StripeSandbox } from './stripe-environment.ts';

export interface EnvironmentSource {
  /** The environment of whoever started us; only what is named below passes through. */
  readonly caller: Readonly<Record<string, string | undefined>>;
  /** Public and admin port of each running service. */
  readonly ports: ReadonlyMap<ServiceName, { readonly port: number; readonly adminPort: number }>;
  readonly natsUrl: string;
  readonly databases: ReadonlyMap<ServiceName, { readonly runtimeUrl: string; readonly workerUrl: string }>;
  /** Where Postgres has a Unix socket, which takes less time than TCP; undefined for one that somebody else runs. */
  readonly postgresSocketDir?: string | undefined;
  readonly secrets: LocalSecrets;
  readonly stripe?: StripeSandbox | undefined;
  readonly version: string;
  readonly observation?: Observation | undefined;
}

const SHARED_PREFIXES = ['OTEL_', 'ZOCO_FAILPOINT'];
const SHARED_NAMES = ['PATH', 'HOME', 'LOG_LEVEL'];

/** The whole environment of one service: built from nothing, so that a laptop's settings change nothing by chance. */
export function serviceEnvironment(service: ServiceName, source: EnvironmentSource): Record<string, string> {
  const ports = source.ports.get(service);
  const database = source.databases.get(service);
  return {
    LOG_LEVEL: 'info',
    ...passedThrough(service, source.caller),
    NODE_ENV: 'production',
    SERVICE_NAME: service,
    SERVICE_VERSION: source.version,
    HOST: '127.0.0.1',
    PORT: String(ports?.port ?? 0),
    ADMIN_PORT: String(ports?.adminPort ?? 0),
    NATS_URL: source.natsUrl,
    ...(database === undefined
      ? {}
      : {
          DATABASE_URL: throughSocket(database.runtimeUrl, source),
          DATABASE_WORKER_URL: throughSocket(database.workerUrl, source),
        }),
    ...serviceUrls(source),
    SERVICE_IDENTITY_KEY_FILE: source.secrets.identityKeyFile(service),
    SERVICE_IDENTITY_JWKS_FILE: source.secrets.identityJwksFile,
    ...(service === 'payments' ? paymentsEnvironment(source.stripe) : {}),
    ...(service === 'cart' ? { CART_TOKEN_KEY: source.secrets.cartTokenKey } : {}),
    ...(service === 'users' ? { USERS_KEY_ENCRYPTION_KEY: source.secrets.usersKeyEncryptionKey } : {}),
  };
}

function throughSocket(databaseUrl: string, { postgresSocketDir }: EnvironmentSource): string {
  if (postgresSocketDir === undefined) return databaseUrl;
  const url = new URL(databaseUrl);
  url.searchParams.set('host', postgresSocketDir);
  return url.href;
}

/** `USERS_URL` and so on, of every service: those that do not run here keep their usual port, where nothing answers. */
function serviceUrls({ ports }: EnvironmentSource): Record<string, string> {
  return Object.fromEntries(
    SERVICE_NAMES.map((name) => [
      `${name.toUpperCase()}_URL`,
      `http://127.0.0.1:${ports.get(name)?.port ?? SERVICES[name].port}`,
    ]),
  );
}

function passedThrough(service: ServiceName, caller: EnvironmentSource['caller']): Record<string, string> {
  const own = [`${service.toUpperCase()}_`, ...(service === 'payments' ? ['STRIPE_'] : [])];
  return Object.fromEntries(
    Object.entries(caller).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        (SHARED_NAMES.includes(entry[0]) ||
          [...SHARED_PREFIXES, ...own].some((prefix) => entry[0].startsWith(prefix))),
    ),
  );
}
