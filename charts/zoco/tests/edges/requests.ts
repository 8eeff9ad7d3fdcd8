import {
  CALLS,
  type InternalCall,
  OPEN_CALLS,
  OUTSIDE,
  PUBLIC_BASE,
  PUBLIC_ROUTES,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
} from '@zoco/contracts';

/** One try of a pod to reach another, and whether the call graph allows it. */
export interface Request {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** Missing where the port does not speak HTTP. */
  readonly http?: { readonly method: string; readonly path: string };
  readonly allowed: boolean;
}

export const STORES = ['postgres', 'nats'];
export const SANDBOX = 'stripe-sandbox';
export const COMPONENTS: readonly string[] = [...SERVICE_NAMES, ...STORES, SANDBOX];

const HTTP_PORT = 8080;

/** Says of every request that any pod could make to any other whether the contracts name it. */
export function everyRequest(): readonly Request[] {
  const targets = SERVICE_NAMES.filter((name) => name !== 'gateway');
  return [
    ...targets.flatMap((to) => pairs(to).flatMap(([from]) => httpRequests(from, to))),
    ...pairs('postgres').map(([from, to]) => tcp(from, to, 5432, ownsDatabase(from))),
    ...pairs('nats').map(([from, to]) => tcp(from, to, 4222, isService(from))),
    ...[...pairs('nats'), ['nats', 'nats'] as const].map(([from, to]) =>
      tcp(from, to, 6222, from === 'nats'),
    ),
    ...pairs(SANDBOX).map(([from, to]) => ({
      ...tcp(from, to, HTTP_PORT, isService(from) && OUTSIDE[from] !== undefined),
      http: { method: 'POST', path: '/v1/payment_intents' },
    })),
  ];
}

/** `orders → users:8080 GET /internal/tenants` */
export function nameOf({ from, to, port, http }: Request): string {
  return `${from} → ${to}:${port}${http === undefined ? '' : ` ${http.method} ${http.path}`}`;
}

/** Callers and callees of calls that carry the caller's identity. */
export function identityEdges(): readonly string[] {
  const calls: InternalCall[] = Object.values(CALLS);
  const edges = calls.flatMap(({ callers, callee }) => callers.map((caller) => `${caller} → ${callee}`));
  return [...new Set(edges)].toSorted();
}

const isService = (name: string): name is ServiceName => Object.hasOwn(SERVICES, name);
const ownsDatabase = (name: string) => isService(name) && SERVICES[name].database;
const pairs = (to: string) => COMPONENTS.filter((from) => from !== to).map((from) => [from, to] as const);
const tcp = (from: string, to: string, port: number, allowed: boolean) => ({ from, to, port, allowed });

function httpRequests(from: string, to: ServiceName): Request[] {
  const tries = [
    ...operations(to).flatMap(({ method, path, callers }) => [
      { method, path, allowed: callers.includes(from) },
      // Nobody says PATCH between services; but clients say it through the gateway.
      { method: 'PATCH', path, allowed: isForwarded(from, to, path) },
      { method, path: `${path}/x/y/z`, allowed: isForwarded(from, to, path) },
    ]),
    ...['/', '/internal', '/internal/unknown', '/metrics'].map((path) => ({
      method: 'GET',
      path,
      allowed: false,
    })),
  ];
  return tries.map(({ method, path, allowed }) => ({
    from,
    to,
    port: HTTP_PORT,
    http: { method, path },
    allowed,
  }));
}

function operations(to: ServiceName) {
  const calls: { callee: ServiceName; callers: readonly string[]; method: string; path: string }[] = [
    ...Object.values(CALLS),
    ...OPEN_CALLS.getHealth.callee.map((callee) => ({ ...OPEN_CALLS.getHealth, callee })),
    OPEN_CALLS.getKeySet,
  ];
  const open = PUBLIC_ROUTES.filter(({ service }) => service === to);
  return [
    ...calls.filter(({ callee }) => callee === to),
    ...open.map(({ prefix }) => ({ method: 'GET', path: `${PUBLIC_BASE}${prefix}`, callers: ['gateway'] })),
    ...open.map(({ prefix }) => ({
      method: 'POST',
      path: `${PUBLIC_BASE}${prefix}/a/b`,
      callers: ['gateway'],
    })),
    ...open.map(({ prefix }) => ({ method: 'GET', path: `${PUBLIC_BASE}${prefix}x`, callers: [] })),
    ...(OUTSIDE[to] ?? []).map(({ webhookPath }) => ({
      method: 'POST',
      path: webhookPath,
      callers: ['gateway', SANDBOX],
    })),
  ].map(({ method, path, callers }) => ({ method, path: path.replaceAll(/\{\w+\}/g, 'some_01id'), callers }));
}

function isForwarded(from: string, to: ServiceName, path: string): boolean {
  const below = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
  return (
    from === 'gateway' &&
    PUBLIC_ROUTES.some(({ prefix, service }) => service === to && below(`${PUBLIC_BASE}${prefix}`))
  );
}
