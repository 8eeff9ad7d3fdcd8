import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_NAMES, SERVICES, type ServiceName } from '@zoco/contracts';
import type { DatabaseUrls } from '@zoco/postgres/provision';
import { z } from 'zod';
import { buildServices } from './build.ts';
import { migrateDatabases, provisionDatabases } from './databases.ts';
import { planFreePorts, planPorts, type PortPlan, requireFreePorts } from './ports.ts';
import { ROOT } from './repository.ts';
import {
  type Observation,
  observationEnvironment,
  observationPorts,
  startObservation,
} from './observation.ts';
import { type LocalSecrets, openSecrets } from './secrets.ts';
import { describeSystem, type RunningSystem } from './running-system.ts';
import { type Servers, startServers, type ServersOptions } from './servers.ts';
import { seedDemo } from './seed.ts';
import { serviceEnvironment } from './service-environment.ts';
import { allUnits, createUnits, type Units } from './service-units.ts';
import { planSandbox } from './stripe-environment.ts';
import { writeSystemFile } from './system-file.ts';
import type { UnitName, UnitState } from './unit-state.ts';
import { deleteData, openState, openTemporaryState } from './state.ts';

export interface SystemOptions {
  /** Where data, logs, keys and the list of processes lie; by default a temporary folder, deleted at the end. */
  readonly dir?: string;
  /** Shifts the usual ports. */
  readonly portOffset?: number;
  /** Takes whatever ports are free instead of the usual ones. */
  readonly freePorts?: boolean;
  /** All that exist by default. */
  readonly services?: readonly ServiceName[];
  /**
   * Added to this process's own environment, of which services see OTEL_*, LOG_LEVEL, ZOCO_FAILPOINT* and their own
   * `<SERVICE>_*`.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Servers that somebody else runs: Zoco then starts none of that kind. */
  readonly databaseUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  /** Deletes the data of earlier runs first. */
  readonly fresh?: boolean;
  /** Runs Prometheus and a trace view beside it, and has every request traced. */
  readonly observe?: boolean;
  /** Creates the demo tenants, logins and products. */
  readonly seed?: boolean;
  /** False skips the build, for callers that have just built. */
  readonly build?: boolean;
  /** Breaks off a start that is under way. */
  readonly signal?: AbortSignal;
  /** Makes a stop that is under way a quick one: everything is killed. */
  readonly hasten?: AbortSignal;
  /** Rejects when a service is not ready in this time; by default there is no limit. */
  readonly readyTimeoutMs?: number;
  readonly onLine?: (line: string) => void;
  readonly onState?: (unit: UnitName, state: UnitState) => void;
}

/**
 * Runs Zoco on this machine: Postgres, NATS, schemas, streams and one process per service; resolves when all are ready.
 * When something fails, whatever had been started is stopped again.
 * @throws SetupError for everything that a person can mend
 */
export async function startSystem(options: SystemOptions = {}): Promise<RunningSystem> {
  const services = options.services ?? presentServices();
  const ports = options.freePorts
    ? await planFreePorts(services)
    : planPorts(services, options.portOffset ?? 0);
  const onLine = options.onLine ?? (() => {});
  await using cleanup = new AsyncDisposableStack();
  const state = cleanup.use(
    options.dir === undefined ? await openTemporaryState() : await openState(options.dir, onLine),
  );
  options.hasten?.addEventListener('abort', () => state.ledger.killAll());
  if (options.fresh) deleteData(state.dir);
  if (!options.freePorts) await requireFreePorts(wantedPorts(ports, options));
  const secrets = openSecrets(state.dir);
  const observation = options.observe
    ? await startObservation({ ...state, ports, onLine }, cleanup)
    : undefined;
  const { servers, databases } = await prepare(
    { ...state, ports, foreign: options, onLine, disposable: options.dir === undefined },
    { ...options, services, secrets },
    cleanup,
  );
  options.signal?.throwIfAborted();
  const caller = callerEnvironment(options, observation);
  const source = {
    caller,
    ports: ports.services,
    natsUrl: servers.natsUrl,
    databases,
    postgresSocketDir: servers.postgresSocketDir,
    secrets,
    stripe: planSandbox(services, ports, secrets, state.dir, caller),
    version: version(),
    observation,
  };
  cleanup.use(writeSystemFile(state.dir, source));
  const units = createUnits({ root: ROOT, services, source, state, onLine, onState: options.onState });
  await startUnits(units, options, cleanup);
  const environment = (service: ServiceName) => serviceEnvironment(service, source);
  const running = new AsyncDisposableStack();
  const stop = () => running.disposeAsync();
  const system = describeSystem({
    dir: state.dir,
    ports,
    servers,
    databases,
    units,
    observation,
    environment,
    stop,
  });
  if (options.seed) await seedDemo(system, onLine);
  running.use(cleanup.move());
  return system;
}

function callerEnvironment(
  { env }: SystemOptions,
  observation: Observation | undefined,
): Record<string, string | undefined> {
  const caller = { ...process.env, ...env };
  return observation === undefined ? caller : { ...caller, ...observationEnvironment(observation, caller) };
}

/** Starts every unit and waits until all are ready. */
async function startUnits(
  units: Units,
  options: SystemOptions,
  cleanup: AsyncDisposableStack,
): Promise<void> {
  const all = allUnits(units);
  cleanup.defer(async () => void (await Promise.all(all.map((unit) => unit.stop()))));
  await Promise.all(all.map((unit) => unit.start()));
  const limit = readyLimit(options);
  await Promise.all(all.map((unit) => unit.whenReady(limit)));
}

interface PrepareOptions extends SystemOptions {
  readonly services: readonly ServiceName[];
  readonly secrets: LocalSecrets;
}

/** Servers take as long as the build, so they come side by side; whatever fails, both have ended. */
async function prepare(
  serversOptions: ServersOptions,
  { build, signal, services, secrets }: PrepareOptions,
  cleanup: AsyncDisposableStack,
): Promise<{ servers: Servers; databases: Map<ServiceName, DatabaseUrls> }> {
  const building = build === false ? Promise.resolve() : buildServices(ROOT, signal);
  const preparing = startServers(serversOptions, cleanup).then(async (servers) => {
    const owners = services.filter((name) => SERVICES[name].database);
    return { servers, databases: await provisionDatabases(servers.adminDatabaseUrl, owners, secrets) };
  });
  await Promise.allSettled([building, preparing]);
  await building;
  const { servers, databases } = await preparing;
  signal?.throwIfAborted();
  await migrateDatabases(ROOT, databases);
  return { servers, databases };
}

/** The services that this checkout holds. */
function presentServices(): ServiceName[] {
  return SERVICE_NAMES.filter((name) => existsSync(join(ROOT, 'services', name, 'src/main.ts')));
}

function wantedPorts(
  ports: PortPlan,
  { databaseUrl, natsUrl, observe }: SystemOptions,
): { port: number; purpose: string }[] {
  return [
    ...(observe ? observationPorts(ports) : []),
    ...(databaseUrl === undefined ? [{ port: ports.postgres, purpose: 'Postgres' }] : []),
    ...(natsUrl === undefined
      ? [
          { port: ports.nats, purpose: 'NATS' },
          { port: ports.natsMonitor, purpose: "NATS' monitor" },
        ]
      : []),
    ...(ports.services.has('payments') ? [{ port: ports.stripeSandbox, purpose: 'the Stripe sandbox' }] : []),
    ...[...ports.services].flatMap(([name, { port, adminPort }]) => [
      { port, purpose: name },
      { port: adminPort, purpose: `${name}'s admin port` },
    ]),
  ];
}

function readyLimit({ signal, readyTimeoutMs }: SystemOptions): AbortSignal {
  return AbortSignal.any([
    ...(signal === undefined ? [] : [signal]),
    ...(readyTimeoutMs === undefined ? [] : [AbortSignal.timeout(readyTimeoutMs)]),
  ]);
}

const Manifest = z.object({ version: z.string() });

function version(): string {
  return Manifest.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).version;
}
