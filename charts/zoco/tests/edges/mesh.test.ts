import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { find, type KubernetesObject, ofKind, render } from '../render.ts';
import { COMPONENTS } from './requests.ts';

const meshed = (mesh: string) => render([], [`global.mesh.provider=${mesh}`]);
const Pod = z.object({
  template: z.object({
    metadata: z.object({
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()).default({}),
    }),
  }),
});

function pods(objects: readonly KubernetesObject[]) {
  return [...ofKind(objects, 'Deployment'), ...ofKind(objects, 'StatefulSet')].map(
    ({ spec }) => Pod.parse(spec).template.metadata,
  );
}

test('without a mesh nothing of one is made', async () => {
  const kinds = new Set((await render()).map(({ apiVersion }) => apiVersion));
  expect([...kinds].filter((version) => /linkerd|istio/.test(version))).toEqual([]);
  expect(JSON.stringify(pods(await render()))).not.toMatch(/linkerd|istio/);
});

test('a mesh that nobody knows is refused', async () => {
  await expect(meshed('consul')).rejects.toThrow(/mesh.*provider/s);
});

describe('Linkerd', () => {
  test('every pod has its proxy before its init containers', async () => {
    const found = pods(await meshed('linkerd'));
    expect(found).toHaveLength(COMPONENTS.length);
    for (const { annotations } of found) {
      expect(annotations).toMatchObject({
        'linkerd.io/inject': 'enabled',
        'config.beta.linkerd.io/proxy-enable-native-sidecar': 'true',
      });
    }
  });

  test.each([
    ['postgres', '5432'],
    ['nats', '4222'],
  ])('%s is opaque at both ends: its server may speak first', async (component, port) => {
    const objects = await meshed('linkerd');
    const pod = pods(objects).find(({ labels }) => labels['app.kubernetes.io/component'] === component);
    expect(pod?.annotations['config.linkerd.io/opaque-ports']?.split(',')).toContain(port);
    const services = ofKind(objects, 'Service').filter(
      ({ metadata }) => metadata.labels['app.kubernetes.io/component'] === component,
    );
    expect(services.length).toBeGreaterThan(0);
    for (const { metadata } of services) {
      expect(metadata.annotations['config.linkerd.io/opaque-ports']?.split(','), metadata.name).toContain(
        port,
      );
    }
  });

  test('only reads are repeated, and what no route names still gets through', async () => {
    const outbound = ofKind(await meshed('linkerd'), 'HTTPRoute').filter(({ spec }) =>
      JSON.stringify(spec).includes('"kind":"Service"'),
    );
    const repeated = outbound.filter(({ metadata }) => Object.keys(metadata.annotations).length > 0);
    expect(repeated.length).toBeGreaterThan(1);
    for (const { spec, metadata } of repeated) {
      expect(methodsIn(spec), metadata.name).toEqual(['GET']);
      expect(metadata.annotations).toEqual({
        'retry.linkerd.io/http': 'gateway-error',
        'retry.linkerd.io/limit': '1',
        'retry.linkerd.io/timeout': '1s',
        'timeout.linkerd.io/request': '3s',
      });
      const rest = find(outbound, 'HTTPRoute', metadata.name.replace(/-reads$/, '-rest'));
      expect(JSON.stringify(rest['spec'])).toContain('{"type":"PathPrefix","value":"/"}');
    }
  });
});

describe('Istio', () => {
  test('every pod has its proxy before its init containers, and probes go around mutual TLS', async () => {
    const found = pods(await meshed('istio'));
    expect(found).toHaveLength(COMPONENTS.length);
    for (const { labels, annotations } of found) {
      expect(labels['sidecar.istio.io/inject']).toBe('true');
      expect(annotations).toMatchObject({
        'sidecar.istio.io/nativeSidecar': 'true',
        'sidecar.istio.io/rewriteAppHTTPProbers': 'true',
      });
    }
  });

  test('mutual TLS is strict but where others than pods of the release ask', async () => {
    const peers = ofKind(await meshed('istio'), 'PeerAuthentication');
    const Spec = z.object({
      mtls: z.object({ mode: z.literal('STRICT') }),
      portLevelMtls: z.record(z.string(), z.object({ mode: z.literal('PERMISSIVE') })).default({}),
    });
    const open = peers.map(({ metadata, spec }) => [
      metadata.name.slice('zoco-'.length),
      Object.keys(Spec.parse(spec).portLevelMtls).join(),
    ]);
    const services = COMPONENTS.filter(
      (each) => !['postgres', 'nats', 'stripe-sandbox', 'gateway'].includes(each),
    );
    expect(Object.fromEntries(open)).toEqual({
      ...Object.fromEntries(services.map((each) => [each, '9090'])),
      gateway: '8080,9090',
      nats: '8222',
      postgres: '',
      'stripe-sandbox': '',
    });
  });

  test('protocols of Postgres and NATS are told, not guessed', async () => {
    const Spec = z.object({
      ports: z.array(z.object({ port: z.int(), appProtocol: z.string().optional() })),
    });
    const ports = ofKind(await meshed('istio'), 'Service').flatMap(({ spec }) => Spec.parse(spec).ports);
    const raw = ports.filter(({ port }) => [5432, 4222, 6222].includes(port));
    expect(raw.length).toBeGreaterThan(2);
    expect(new Set(raw.map(({ appProtocol }) => appProtocol))).toEqual(new Set(['tcp']));
  });

  test('only reads are repeated, against the default of repeating everything', async () => {
    const Http = z.object({
      match: z.array(z.looseObject({ method: z.object({ exact: z.string() }).optional() })),
      retries: z.object({ attempts: z.int() }),
    });
    const services = ofKind(await meshed('istio'), 'VirtualService');
    expect(services.length).toBeGreaterThan(6);
    const rules = services.flatMap(({ spec }) => z.object({ http: z.array(Http) }).parse(spec).http);
    const repeated = rules.filter(({ retries }) => retries.attempts > 0);
    expect(repeated.length).toBeGreaterThan(1);
    expect(methodsIn(repeated.map(({ match }) => match.map(({ method }) => method?.exact ?? 'any')))).toEqual(
      [],
    );
    expect(new Set(repeated.flatMap(({ match }) => match.map(({ method }) => method?.exact)))).toEqual(
      new Set(['GET']),
    );
  });
});

/** Every method that an object names. */
function methodsIn(value: unknown): string[] {
  return [
    ...new Set([...JSON.stringify(value).matchAll(/"method":"(\w+)"/g)].map(([, method = '']) => method)),
  ];
}
