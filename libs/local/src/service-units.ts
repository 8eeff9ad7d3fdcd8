import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import { whyNotAnswering, whyNotReady } from './readiness.ts';
import { type EnvironmentSource, serviceEnvironment } from './service-environment.ts';
import { openServiceLog } from './service-log.ts';
import { spawnNode } from './service-process.ts';
import { createServiceUnit, type ServiceUnit } from './service-unit.ts';
import type { State } from './state.ts';
import { SANDBOX_PROGRAM, sandboxEnvironment, type StripeSandbox } from './stripe-environment.ts';
import type { UnitName, UnitState } from './unit-state.ts';

export interface UnitsOptions {
  readonly root: string;
  readonly services: readonly ServiceName[];
  readonly source: EnvironmentSource;
  readonly state: State;
  readonly onLine: (line: string) => void;
  readonly onState: ((unit: UnitName, state: UnitState) => void) | undefined;
}

export interface Units {
  readonly services: ReadonlyMap<ServiceName, ServiceUnit>;
  /** Undefined when payments talk to the real Stripe, or there are none. */
  readonly stripe: ServiceUnit | undefined;
}

/** One unit per process, not started yet. */
export function createUnits(options: UnitsOptions): Units {
  return {
    services: new Map(options.services.map((name) => [name, serviceUnit(name, options)])),
    stripe: options.source.stripe === undefined ? undefined : sandboxUnit(options.source.stripe, options),
  };
}

/** Those of all units, in no order that matters. */
export function allUnits({ services, stripe }: Units): ServiceUnit[] {
  return [...services.values(), ...(stripe === undefined ? [] : [stripe])];
}

function serviceUnit(name: ServiceName, options: UnitsOptions): ServiceUnit {
  const { port, adminPort } = options.source.ports.get(name) ?? { port: 0, adminPort: 0 };
  const cwd = join(options.root, 'services', name);
  return unit(options, {
    name,
    url: `http://127.0.0.1:${port}`,
    program: { cwd, file: join(cwd, 'dist/main.js'), env: serviceEnvironment(name, options.source) },
    whyNotReady: () => whyNotReady(`http://127.0.0.1:${adminPort}`),
  });
}

function sandboxUnit(stripe: StripeSandbox, options: UnitsOptions): ServiceUnit {
  const url = `http://127.0.0.1:${stripe.port}`;
  return unit(options, {
    name: 'stripe',
    url: `${url} (sandbox)`,
    program: {
      cwd: options.root,
      file: join(options.root, SANDBOX_PROGRAM),
      env: sandboxEnvironment(stripe),
    },
    whyNotReady: () => whyNotAnswering(url),
  });
}

interface UnitDescription {
  readonly name: UnitName;
  readonly url: string;
  readonly program: {
    readonly cwd: string;
    readonly file: string;
    readonly env: Readonly<Record<string, string>>;
  };
  readonly whyNotReady: () => Promise<string | undefined>;
}

function unit({ state, onLine, onState }: UnitsOptions, description: UnitDescription): ServiceUnit {
  const { name, url, program, whyNotReady: ask } = description;
  const logFile = join(state.dir, 'logs', `${name}.log`);
  const log = openServiceLog(logFile, (line) => onLine(`${name.padEnd(9)} ${line}`));
  return createServiceUnit({
    name,
    url,
    whyNotReady: ask,
    async spawn(extraEnv) {
      log.beginProcess();
      const process = await spawnNode(program.cwd, program.file, { ...program.env, ...extraEnv }, log);
      state.ledger.add(name, process.pid);
      return process;
    },
    lastError: () => log.lastError,
    onState: (next) => onState?.(name, next),
  });
}
