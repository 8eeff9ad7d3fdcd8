import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN_PORT_OFFSET, SERVICE_NAMES, SERVICES, type ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import type { EnvironmentSource } from './service-environment.ts';
import { errorCode } from './setup-error.ts';

const service = z.object({ url: z.url(), admin_url: z.url(), worker_database_url: z.url().optional() });

const systemFile = z.object({
  /** The runner; a file whose process is gone was left behind by a kill. */
  pid: z.int(),
  version: z.string(),
  nats_url: z.url(),
  prometheus_url: z.url().optional(),
  traces_url: z.url().optional(),
  /** What runs, with the logins of the worker roles: the file is for its owner's eyes only. */
  services: z.partialRecord(z.enum(SERVICE_NAMES), service),
});

/** Where a system on this machine is to be found, for programs beside it such as `zoco`. */
export type SystemFile = z.infer<typeof systemFile>;

/** Leaves the addresses in the state folder while the system runs; dispose to remove them. */
export function writeSystemFile(dir: string, source: EnvironmentSource): Disposable {
  const file = join(dir, 'system.json');
  const content: SystemFile = {
    pid: process.pid,
    version: source.version,
    nats_url: source.natsUrl,
    ...(source.observation === undefined
      ? {}
      : {
          prometheus_url: source.observation.prometheusUrl,
          traces_url: source.observation.tracesUrl,
        }),
    services: Object.fromEntries([...source.ports.keys()].map((name) => [name, describe(name, source)])),
  };
  writeFileSync(file, JSON.stringify(content, null, 2), { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

/** The addresses of the system that runs with this state folder; undefined when none does. */
export function readSystemFile(dir: string): SystemFile | undefined {
  try {
    return systemFile.parse(JSON.parse(readFileSync(join(dir, 'system.json'), 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function describe(name: ServiceName, source: EnvironmentSource): z.infer<typeof service> {
  const port = source.ports.get(name)?.port ?? SERVICES[name].port;
  const adminPort = source.ports.get(name)?.adminPort ?? port + ADMIN_PORT_OFFSET;
  const workerUrl = source.databases.get(name)?.workerUrl;
  return {
    url: `http://127.0.0.1:${port}`,
    admin_url: `http://127.0.0.1:${adminPort}`,
    ...(workerUrl === undefined ? {} : { worker_database_url: workerUrl }),
  };
}
