import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import { type EnvironmentSource, serviceEnvironment } from './service-environment.ts';
import { openServiceLog } from './service-log.ts';
import { spawnService } from './service-process.ts';
import { createServiceUnit, type ServiceUnit } from './service-unit.ts';
import type { UnitState } from './unit-state.ts';
import type { State } from './state.ts';

export interface UnitsOptions {
  readonly root: string;
  readonly services: readonly ServiceName[];
  readonly source: EnvironmentSource;
  readonly state: State;
  readonly onLine: (line: string) => void;
  readonly onState: ((service: ServiceName, state: UnitState) => void) | undefined;
}

/** One unit per service, not started yet. */
export function createUnits(options: UnitsOptions): Map<ServiceName, ServiceUnit> {
  return new Map(options.services.map((name) => [name, createUnit(name, options)]));
}

/** Stops all of them side by side. */
export async function stopUnits(units: ReadonlyMap<ServiceName, ServiceUnit>): Promise<void> {
  await Promise.all([...units.values()].map((unit) => unit.stop()));
}

function createUnit(name: ServiceName, { root, source, state, onLine, onState }: UnitsOptions): ServiceUnit {
  const log = openServiceLog(join(state.dir, 'logs', `${name}.log`), (line) =>
    onLine(`${name.padEnd(9)} ${line}`),
  );
  const { port, adminPort } = source.ports.get(name) ?? { port: 0, adminPort: 0 };
  return createServiceUnit({
    name,
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    async spawn(extraEnv) {
      log.beginProcess();
      const env = { ...serviceEnvironment(name, source), ...extraEnv };
      const process = await spawnService(root, name, env, log);
      state.ledger.add(name, process.pid);
      return process;
    },
    lastError: () => log.lastError,
    onState: (next) => onState?.(name, next),
  });
}
