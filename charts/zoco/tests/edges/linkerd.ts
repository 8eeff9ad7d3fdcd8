import { z } from 'zod';
import { type KubernetesObject, ofKind } from '../render.ts';
import type { Request } from './requests.ts';

const Reference = z.object({ kind: z.string(), name: z.string() });
const PathMatch = z.object({ type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']), value: z.string() });
const Match = z.object({ method: z.string().optional(), path: PathMatch });
const Server = z.object({
  podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  port: z.int(),
  proxyProtocol: z.enum(['opaque', 'HTTP/1']),
  accessPolicy: z.literal('deny'),
});
const Route = z.object({
  parentRefs: z.array(Reference),
  rules: z.array(z.object({ matches: z.array(Match) })),
});
const Policy = z.object({ targetRef: Reference, requiredAuthenticationRefs: z.array(Reference).min(1) });
const Identity = z.object({
  identityRefs: z.array(z.object({ kind: z.literal('ServiceAccount'), name: z.string() })),
});

/** Whether a request gets through. */
export type Allows = (request: Request) => boolean;

/** How Linkerd's inbound proxies answer meshed requests. */
export function linkerdAllows(objects: readonly KubernetesObject[], release: string): Allows {
  const servers = ofKind(objects, 'Server').map(({ metadata, spec }) => ({
    name: metadata.name,
    ...Server.parse(spec),
  }));
  const routes = ofKind(objects, 'HTTPRoute').map(({ metadata, spec }) => ({
    name: metadata.name,
    ...Route.parse(spec),
  }));
  const policies = ofKind(objects, 'AuthorizationPolicy').map(({ spec }) => Policy.parse(spec));
  const accounts = accountsOf(objects);

  return (request) => {
    const server = servers.find(
      ({ podSelector, port }) =>
        podSelector.matchLabels['app.kubernetes.io/component'] === request.to && port === request.port,
    );
    if (server === undefined) throw new Error(`No Server for ${request.to}:${request.port}.`);
    const targets = [`Server ${server.name}`];
    const attached = routes.filter(({ parentRefs }) =>
      parentRefs.some(({ kind, name }) => kind === 'Server' && name === server.name),
    );
    if (attached.length > 0) {
      const route = bestRoute(attached, request);
      if (route === undefined) return false;
      targets.push(`HTTPRoute ${route}`);
    }
    return policies
      .filter(({ targetRef }) => targets.includes(`${targetRef.kind} ${targetRef.name}`))
      .some(({ requiredAuthenticationRefs }) =>
        requiredAuthenticationRefs.every(({ kind, name }) => {
          const known = accounts.get(`${kind} ${name}`);
          return known === 'anyone' || known?.includes(`${release}-${request.from}`);
        }),
      );
  };
}

/**
 * Of the routes that match, the one that counts: an exact path before others, then the longest; ties have no winner that
 * could be relied on.
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
function bestRoute(
  routes: readonly ({ name: string } & z.infer<typeof Route>)[],
  { http }: Request,
): string | undefined {
  if (http === undefined) return undefined;
  const found = routes.flatMap(({ name, rules }) =>
    rules
      .flatMap(({ matches }) => matches)
      .filter(({ method, path }) => (method ?? http.method) === http.method && isMatch(path, http.path))
      .map(({ path }) => ({
        name,
        rank:
          path.type === 'Exact'
            ? Infinity
            : path.type === 'PathPrefix'
              ? path.value.length
              : http.path.length,
      })),
  );
  const rank = Math.max(...found.map((each) => each.rank));
  const best = new Set(found.filter((each) => each.rank === rank).map(({ name }) => name));
  if (best.size > 1) throw new Error(`${http.method} ${http.path} is matched by ${[...best].join(' and ')}.`);
  return [...best][0];
}

function isMatch({ type, value }: z.infer<typeof PathMatch>, path: string): boolean {
  if (type === 'Exact') return path === value;
  if (type === 'RegularExpression') return new RegExp(`^(?:${value})$`).test(path);
  return path === value || path.startsWith(value.endsWith('/') ? value : `${value}/`);
}

/** The ServiceAccounts that an authentication stands for. */
function accountsOf(objects: readonly KubernetesObject[]): ReadonlyMap<string, readonly string[] | 'anyone'> {
  const accounts = new Map<string, readonly string[] | 'anyone'>();
  for (const { metadata } of ofKind(objects, 'NetworkAuthentication')) {
    accounts.set(`NetworkAuthentication ${metadata.name}`, 'anyone');
  }
  for (const { metadata, spec } of ofKind(objects, 'MeshTLSAuthentication')) {
    const names = Identity.parse(spec).identityRefs.map(({ name }) => name);
    accounts.set(`MeshTLSAuthentication ${metadata.name}`, names);
  }
  return accounts;
}
