import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, RELEASE, render } from '../render.ts';
import { istioAllows } from './istio.ts';
import { type Allows, linkerdAllows } from './linkerd.ts';
import { networkAllows } from './network.ts';
import { everyRequest, nameOf, type Request } from './requests.ts';

type Objects = readonly KubernetesObject[];
interface Engine {
  readonly mesh: string;
  readonly compile: (objects: Objects) => Allows;
  readonly requests: readonly Request[];
  /** The same render without one edge, for each edge. */
  readonly variants: (objects: Objects) => [string, Objects][];
}

const requests = everyRequest();
// From proxy to proxy everything arrives at one port, so that network policies tell apart no more than pods.
const PROXY_PORT = 4143;

const engines: Record<string, Engine> = {
  'network policies': {
    mesh: 'none',
    compile: (objects) => networkAllows(objects),
    requests: connections(({ port }) => port),
    variants: withoutOneRule,
  },
  'network policies below Linkerd': {
    mesh: 'linkerd',
    compile: (objects) => networkAllows(objects, PROXY_PORT),
    requests: connections(() => PROXY_PORT),
    variants: withoutOneRule,
  },
  'policies of Linkerd': {
    mesh: 'linkerd',
    compile: (objects) => linkerdAllows(objects, RELEASE),
    requests,
    variants: withoutOnePolicy,
  },
  'policies of Istio': {
    mesh: 'istio',
    compile: (objects) => istioAllows(objects, RELEASE),
    requests,
    variants: withoutOnePolicy,
  },
};

describe.each(Object.entries(engines))('%s', (_name, { mesh, compile, requests: tries, variants }) => {
  const objectsOf = () => render([], [`global.mesh.provider=${mesh}`]);

  test('allow what the call graph names and nothing else', async () => {
    const allows = compile(await objectsOf());
    expect(tries.filter((request) => allows(request) !== request.allowed).map(nameOf)).toEqual([]);
    expect(tries.filter(({ allowed }) => allowed).length).toBeGreaterThan(20);
  });

  test('without any one edge, something is refused that should not be', async () => {
    const crippled = variants(await objectsOf());
    expect(crippled.length).toBeGreaterThan(20);
    const harmless = crippled.filter(([, objects]) => {
      const allows = compile(objects);
      return tries.every((request) => allows(request) === request.allowed);
    });
    expect(harmless.map(([name]) => name)).toEqual([]);
  });
});

/** What a network policy can tell apart: pods and ports, not paths. */
function connections(portOf: (request: Request) => number): readonly Request[] {
  const bare = requests.map(({ from, to, port, allowed }) => ({ from, to, port, allowed }));
  const groups = Map.groupBy(bare, (request) => `${request.from} ${request.to} ${portOf(request)}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, allowed: group.some(({ allowed }) => allowed) }];
  });
}

function withoutOnePolicy(objects: Objects): [string, Objects][] {
  const edges = objects.filter(
    ({ kind, metadata }) =>
      kind === 'AuthorizationPolicy' && !/-(from-anyone|default-deny)$/.test(metadata.name),
  );
  return edges.map((edge) => [edge.metadata.name, objects.filter((object) => object !== edge)]);
}

const Rules = z.array(
  z.looseObject({ from: z.array(z.unknown()).optional(), to: z.array(z.unknown()).optional() }),
);
const Peers = z.array(z.strictObject({ podSelector: z.unknown() })).min(1);

/** Only rules between pods that stay: the smoke test and the command line come and go. */
function withoutOneRule(objects: Objects): [string, Objects][] {
  const policies = objects.filter(
    ({ kind, metadata }) => kind === 'NetworkPolicy' && !/-(smoke|cli|default-deny)$/.test(metadata.name),
  );
  return policies.flatMap((policy) => {
    const spec = z.looseObject({ ingress: Rules.nullish(), egress: Rules.nullish() }).parse(policy['spec']);
    return (['ingress', 'egress'] as const).flatMap((direction) => {
      const rules = spec[direction] ?? [];
      return rules
        .filter(
          ({ from, to }) =>
            Peers.safeParse(from ?? to).success && !JSON.stringify(from ?? to).includes('"cli"'),
        )
        .map((rule): [string, Objects] => {
          const rest = { ...spec, [direction]: rules.filter((each) => each !== rule) };
          const variant = objects.map((object) => (object === policy ? { ...policy, spec: rest } : object));
          return [`${policy.metadata.name} ${direction} ${JSON.stringify(rule)}`, variant];
        });
    });
  });
}
