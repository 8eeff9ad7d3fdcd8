import { ADMIN_PORT_OFFSET, SERVICE_NAMES, SERVICES, type ServiceName } from '@zoco/contracts';
import type { DatabaseUrls } from '@zoco/postgres/provision';
import { z } from 'zod';
import type { Observation } from './observation.ts';
import type { PortPlan } from './ports.ts';
import { requireOwn, type Servers } from './servers.ts';
import type { Units } from './service-units.ts';

/** Everything that runs, with the handles that tests and benchmarks need to break it. */
export interface RunningSystem {
  readonly dir: string;
  readonly services: readonly ServiceName[];
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly adminUrls: Readonly<Record<ServiceName, string>>;
  readonly adminDatabaseUrl: string;
  readonly natsUrl: string;
  /** The server that stands in for Stripe; nothing answers there when payments talk to the real one. */
  readonly sandboxUrl: string;
  /** What watches it, when it was started so. */
  readonly observation: Observation | undefined;
  /** @throws Error for a service without a database */
  databaseUrls(service: ServiceName): DatabaseUrls;
  /** The whole environment of a service, to run its other programs with. */
  environment(service: ServiceName): Record<string, string>;
  /** Resolves when the service is ready (again). @throws SetupError after `timeoutMs`, by default a minute */
  whenReady(service: ServiceName, timeoutMs?: number): Promise<void>;
  /** Sends a signal; for one that ends the process, resolves when it has ended. It is started again by itself. */
  kill(service: ServiceName, signal: NodeJS.Signals): Promise<void>;
  /** Stops a service in order and starts it; `extraEnv` is for this one process only. Resolves when it is ready. */
  restart(service: ServiceName, extraEnv?: Readonly<Record<string, string>>): Promise<void>;
  /** How many processes the service has had: one more than before means that it died and was started again. */
  launches(service: ServiceName): number;
  /** Stops a service until `restart`. */
  stopService(service: ServiceName): Promise<void>;
  stopNats(): Promise<void>;
  /** Starts NATS again after `stopNats`, on demand without what it had stored; its streams exist when this resolves. */
  startNats(options?: { readonly deleteStore?: boolean }): Promise<void>;
  /** Kills Postgres as a crash would; it is started again by itself. */
  killPostgres(): Promise<void>;
  /** Services first, then NATS, then Postgres; resolves when no process is left. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

/** What a running system is made of. */
export interface SystemParts {
  readonly dir: string;
  readonly ports: PortPlan;
  readonly servers: Servers;
  readonly databases: ReadonlyMap<ServiceName, DatabaseUrls>;
  readonly units: Units;
  readonly observation: Observation | undefined;
  readonly environment: (service: ServiceName) => Record<string, string>;
  readonly stop: () => Promise<void>;
}

/** The handles of a system that has started. */
export function describeSystem({
  dir,
  ports,
  servers,
  databases,
  units,
  observation,
  environment,
  stop,
}: SystemParts): RunningSystem {
  const unitOf = (service: ServiceName) => found(units.services.get(service), `${service} does not run here`);
  const whenReady = (service: ServiceName, timeoutMs = READY_TIMEOUT_MS) =>
    unitOf(service).whenReady(AbortSignal.timeout(timeoutMs));
  return {
    dir,
    services: [...units.services.keys()],
    urls: urlsOf((name) => ports.services.get(name)?.port ?? SERVICES[name].port),
    adminUrls: urlsOf(
      (name) => ports.services.get(name)?.adminPort ?? SERVICES[name].port + ADMIN_PORT_OFFSET,
    ),
    adminDatabaseUrl: servers.adminDatabaseUrl,
    natsUrl: servers.natsUrl,
    sandboxUrl: `http://127.0.0.1:${ports.stripeSandbox}`,
    observation,
    databaseUrls: (service) => found(databases.get(service), `${service} has no database here`),
    environment,
    whenReady,
    kill: (service, signal) => unitOf(service).kill(signal),
    async restart(service, extraEnv = {}) {
      await unitOf(service).stop();
      await unitOf(service).start(extraEnv);
      await whenReady(service);
    },
    launches: (service) => unitOf(service).launches,
    stopService: (service) => unitOf(service).stop(),
    stopNats: () => requireOwn(servers.nats, 'NATS_URL').stop(),
    async startNats(natsOptions) {
      await requireOwn(servers.nats, 'NATS_URL').start(natsOptions);
    },
    async killPostgres() {
      const server = requireOwn(servers.postgres, 'DATABASE_URL').current;
      if (server === undefined) return;
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    stop,
  };
}

function urlsOf(portOf: (service: ServiceName) => number): Record<ServiceName, string> {
  const Urls = z.record(z.enum(SERVICE_NAMES), z.string());
  return Urls.parse(
    Object.fromEntries(SERVICE_NAMES.map((name) => [name, `http://127.0.0.1:${portOf(name)}`])),
  );
}

function found<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(message);
  return value;
}
