import { PUBLIC_ROUTES, type ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import { type Traffic, trafficOf } from './traffic.ts';

/** One operation of the public API. */
export interface Operation {
  readonly service: ServiceName;
  readonly method: string;
  /** Path with its parameters in braces: the only form of a path that metrics may carry. */
  readonly template: string;
  readonly traffic: Traffic;
  /** The route takes no notice of tokens: key sets, webhooks. */
  readonly open: boolean;
  /** Buying: limited on its own. */
  readonly checkout: boolean;
  /** Called by another company's server, which has neither tenant nor user. */
  readonly webhook: boolean;
}

export type RouteMatch =
  | { readonly kind: 'found'; readonly operation: Operation }
  | { readonly kind: 'method_not_allowed'; readonly methods: readonly string[] }
  | { readonly kind: 'not_found' };

export interface RouteTable {
  readonly root: Node;
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  readonly operations: Map<string, Operation>;
}

const withContent = z.object({ content: z.record(z.string(), z.unknown()).optional() });
const routedOperation = z.object({
  requestBody: withContent.optional(),
  responses: z.record(z.string(), withContent).optional(),
  'x-zoco-access': z.object({ kind: z.string() }).optional(),
});
type RoutedOperation = z.infer<typeof routedOperation>;

const routedItem = z.object({
  get: routedOperation.optional(),
  put: routedOperation.optional(),
  post: routedOperation.optional(),
  patch: routedOperation.optional(),
  delete: routedOperation.optional(),
});

/** An OpenAPI document, as far as routing reads it. */
export const routedDocument = z.object({ paths: z.record(z.string(), routedItem) });
export type RoutedDocument = z.infer<typeof routedDocument>;

export const API_PREFIX = '/api/v1';
export const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

const CHECKOUTS = new Set(
  ['/cart/checkout', '/purchases/checkout', '/orders', '/orchestrator/create-and-confirm-order'].map(
    (path) => `POST ${API_PREFIX}${path}`,
  ),
);
const WEBHOOKS = `${API_PREFIX}/payments/webhooks/`;

/** Service that the longest matching prefix names; undefined when none does. */
export function serviceOf(path: string): ServiceName | undefined {
  let best: (typeof PUBLIC_ROUTES)[number] | undefined;
  for (const route of PUBLIC_ROUTES) {
    const prefix = API_PREFIX + route.prefix;
    const matches = path === prefix || path.startsWith(`${prefix}/`);
    if (matches && route.prefix.length > (best?.prefix.length ?? 0)) best = route;
  }
  return best?.service;
}

/** The routes of a document that a prefix leads to; everything else does not exist from outside. */
export function buildRouteTable(document: RoutedDocument): RouteTable {
  const root = emptyNode();
  for (const [template, item] of Object.entries(document.paths)) {
    const service = serviceOf(template);
    if (service === undefined) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) addOperation(root, describe(service, method.toUpperCase(), template, operation));
    }
  }
  return { root };
}

function describe(
  service: ServiceName,
  method: string,
  template: string,
  { requestBody, responses, 'x-zoco-access': access }: RoutedOperation,
): Operation {
  const requestTypes = Object.keys(requestBody?.content ?? {});
  const answerTypes = Object.values(responses ?? {}).flatMap(({ content }) => Object.keys(content ?? {}));
  return {
    service,
    method,
    template,
    traffic: trafficOf(requestTypes, answerTypes),
    open: access?.kind === 'open',
    checkout: CHECKOUTS.has(`${method} ${template}`),
    webhook: template.startsWith(WEBHOOKS),
  };
}

function addOperation(root: Node, operation: Operation): void {
  let node = root;
  for (const segment of operation.template.slice(1).split('/')) {
    if (segment.startsWith('{')) {
      node.parameter ??= emptyNode();
      node = node.parameter;
    } else {
      const next = node.literals.get(segment) ?? emptyNode();
      node.literals.set(segment, next);
      node = next;
    }
  }
  node.operations.set(operation.method, operation);
}

/** Finds the operation of a request. A literal segment wins over a parameter; HEAD is answered where GET is. */
export function matchRoute(table: RouteTable, method: string, segments: readonly string[]): RouteMatch {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const nodes: Node[] = [];
  collect(table.root, segments, 0, nodes);
  for (const node of nodes) {
    const operation = node.operations.get(wanted);
    if (operation) return { kind: 'found', operation };
  }
  const methods = new Set(nodes.flatMap((node) => [...node.operations.keys()]));
  if (methods.size === 0) return { kind: 'not_found' };
  if (methods.has('GET')) methods.add('HEAD');
  return { kind: 'method_not_allowed', methods: [...methods].toSorted() };
}

/** Every node that the segments lead to, the most literal first. An empty segment fills no parameter. */
function collect(node: Node, segments: readonly string[], depth: number, found: Node[]): void {
  const segment = segments[depth];
  if (segment === undefined) {
    found.push(node);
    return;
  }
  const literal = node.literals.get(segment);
  if (literal) collect(literal, segments, depth + 1, found);
  if (node.parameter && segment !== '') collect(node.parameter, segments, depth + 1, found);
}

function emptyNode(): Node {
  return { literals: new Map(), parameter: undefined, operations: new Map() };
}
