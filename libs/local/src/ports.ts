import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ADMIN_PORT_OFFSET, SERVICES, type ServiceName } from '@zoco/contracts';
import { claimPort } from './port-claims.ts';
import { portHolder } from './process-identity.ts';
import { errorCode, SetupError } from './setup-error.ts';

/** Every TCP port of one running system. */
export interface PortPlan {
  readonly postgres: number;
  readonly nats: number;
  readonly natsMonitor: number;
  readonly stripeSandbox: number;
  /** Taken only by systems that are observed. */
  readonly prometheus: number;
  readonly traceView: number;
  readonly services: ReadonlyMap<ServiceName, { readonly port: number; readonly adminPort: number }>;
}

// Out of the way of a Postgres or NATS that the machine runs already on the usual ports.
const POSTGRES_PORT = 15_432;
const NATS_PORT = 14_222;
const NATS_MONITOR_PORT = 18_222;
const STRIPE_SANDBOX_PORT = 8090;
const PROMETHEUS_PORT = 19_090;
const TRACE_VIEW_PORT = 14_318;
const PORT_OFFSET_MAX = 40_000;

/** The fixed local ports, all shifted by `offset` so that two systems can run side by side. */
export function planPorts(services: readonly ServiceName[], offset: number): PortPlan {
  return {
    postgres: POSTGRES_PORT + offset,
    nats: NATS_PORT + offset,
    natsMonitor: NATS_MONITOR_PORT + offset,
    stripeSandbox: STRIPE_SANDBOX_PORT + offset,
    prometheus: PROMETHEUS_PORT + offset,
    traceView: TRACE_VIEW_PORT + offset,
    services: new Map(
      services.map((name) => {
        const port = SERVICES[name].port + offset;
        return [name, { port, adminPort: port + ADMIN_PORT_OFFSET }];
      }),
    ),
  };
}

/** A plan of ports that are free now, for tests and benchmarks. */
export async function planFreePorts(services: readonly ServiceName[]): Promise<PortPlan> {
  const ports = await freePorts(6 + 2 * services.length);
  const next = () => ports.pop() ?? 0;
  return {
    postgres: next(),
    nats: next(),
    natsMonitor: next(),
    stripeSandbox: next(),
    prometheus: next(),
    traceView: next(),
    services: new Map(services.map((name) => [name, { port: next(), adminPort: next() }])),
  };
}

/**
 * The value of ZOCO_PORT_OFFSET.
 * @throws SetupError when it is no whole number from 0 to 40000
 */
export function parsePortOffset(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const offset = Number(text);
  if (!/^\d+$/.test(text) || offset > PORT_OFFSET_MAX) {
    throw new SetupError(
      `ZOCO_PORT_OFFSET is '${text}': set it to a whole number from 0 to ${PORT_OFFSET_MAX}.`,
    );
  }
  return offset;
}

/**
 * Refuses to start on ports that somebody else holds.
 * @throws SetupError naming the first such port, its holder as far as it can be read, and the cure
 */
export async function requireFreePorts(wanted: readonly { port: number; purpose: string }[]): Promise<void> {
  for (const { port, purpose } of wanted) {
    if (await isFree(port)) continue;
    const holder = portHolder(port);
    const by =
      holder === undefined ? 'another process' : `pid ${holder.pid} (${holder.command.slice(0, 80)})`;
    throw new SetupError(
      `Port ${port}, needed for ${purpose}, is held by ${by}: stop that, or shift every port with \`ZOCO_PORT_OFFSET=100 npm start\`.`,
    );
  }
}

/**
 * `count` ports that are free on loopback now. They lie below the range that Linux gives to outgoing connections
 * (32768 and up), so that nobody takes one by accident before it is used, and no other process is given one of them while this one lives.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(20_000, 32_000);
    if (claimPort(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

/** One free port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port ?? 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const code = errorCode(error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
