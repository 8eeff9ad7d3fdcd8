import { join } from 'node:path';
import { ADMIN_PORT_OFFSET, SERVICE_NAMES, SERVICES, type ServiceName } from '@zoco/contracts';
import type { ProvisionOptions } from '@zoco/events';
import { readSystemFile, ROOT, type SystemFile } from '@zoco/local';
import { CliFailure } from './failure.ts';

/** What a command knows of the world around it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The system that runs on this machine, when one does. */
  readonly system: SystemFile | undefined;
  /** Folder that file names are counted from. */
  readonly folder: string;
}

const GATEWAY_URL = `http://127.0.0.1:${SERVICES.gateway.port}`;

/** The environment, and the system that `npm start` of this checkout runs. */
export function lookAround(env: Surroundings['env']): Surroundings {
  // npm runs scripts in the root of the checkout and tells in INIT_CWD where the person stands.
  const folder = present(env['INIT_CWD']) ?? process.cwd();
  return { env, folder, system: readSystemFile(join(ROOT, '.zoco')) };
}

/** What a person said of where the gateway is: an option, or the environment. */
export function saidUrl({ env }: Surroundings, option: string | undefined): string | undefined {
  return option ?? present(env['ZOCO_URL']);
}

/** Where the gateway is: as said, else the one on this machine. */
export function gatewayUrl(surroundings: Surroundings, option: string | undefined): string {
  return saidUrl(surroundings, option) ?? surroundings.system?.services.gateway?.url ?? GATEWAY_URL;
}

/** Where NATS is; undefined when nobody says. */
export function natsUrl({ env, system }: Surroundings): string | undefined {
  return present(env['NATS_URL']) ?? system?.nats_url;
}

/** How streams are to be made, as the pods of a cluster are told too. @throws CliFailure when it makes no sense */
export function streamOptions({ env }: Surroundings): ProvisionOptions {
  const count = (name: string, usual: number): number => {
    const value = Number(present(env[name]) ?? usual);
    if (Number.isInteger(value) && value > 0) return value;
    throw new CliFailure(`${name} has to be a whole number above 0.`);
  };
  return {
    replicas: count('NATS_STREAM_REPLICAS', 1),
    streamBytesMax: count('NATS_STREAM_BYTES_MAX', 1024 ** 3),
  };
}

/** Where Prometheus is; undefined when nobody says. */
export function prometheusUrl({ env, system }: Surroundings): string | undefined {
  return present(env['PROMETHEUS_URL']) ?? system?.prometheus_url;
}

/** The database login of a service's worker role; undefined when nobody says. */
export function workerUrl({ env, system }: Surroundings, service: ServiceName): string | undefined {
  return (
    present(env[`ZOCO_WORKER_URL_${service.toUpperCase()}`]) ?? system?.services[service]?.worker_database_url
  );
}

/** Services that keep an outbox. */
export const DATABASE_SERVICES = SERVICE_NAMES.filter((name) => SERVICES[name].database);

/** Public and admin address of a service on this machine. */
export function serviceUrls(
  { system }: Surroundings,
  service: ServiceName,
): { readonly url: string; readonly adminUrl: string } {
  const known = system?.services[service];
  const { port } = SERVICES[service];
  return {
    url: known?.url ?? `http://127.0.0.1:${port}`,
    adminUrl: known?.admin_url ?? `http://127.0.0.1:${port + ADMIN_PORT_OFFSET}`,
  };
}

/** Whether an address is on this machine, where the demo logins exist. */
export function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

/** Empty variables count as absent. */
export function present(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
