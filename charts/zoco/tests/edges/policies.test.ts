import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DestinationRule, VirtualService } from '@kubernetes-models/istio/networking.istio.io/v1';
import { AuthorizationPolicy, PeerAuthentication } from '@kubernetes-models/istio/security.istio.io/v1';
import { SERVICE_NAMES, SERVICES } from '@zoco/contracts';
import { ROOT } from '@zoco/local';
import { Ajv } from 'ajv';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { find, type KubernetesObject, MESHES, ofKind, render } from '../render.ts';
import { networkRules, podLabels, type Rule } from './network.ts';
import { COMPONENTS } from './requests.ts';

const meshed = (mesh: string) => render([], [`global.mesh.provider=${mesh}`]);
const rulesOf = (objects: readonly KubernetesObject[], component: string) =>
  networkRules(objects, podLabels(objects, component));
const without = (rules: readonly Rule[], port: number) => rules.filter(({ ports }) => !ports.includes(port));
/** Components with a rule at this port that lets out to addresses instead of pods. */
function leaving(objects: readonly KubernetesObject[], port: number): string[] {
  const toAddresses = ({ peers, ports }: Rule) =>
    ports.includes(port) && (peers?.some(({ ipBlock }) => ipBlock !== undefined) ?? true);
  return COMPONENTS.filter(
    (component) => component !== 'stripe-sandbox' && rulesOf(objects, component).egress.some(toAddresses),
  );
}

describe('objects are what the API takes', () => {
  test('network policies, with every mesh', async () => {
    for (const mesh of MESHES) {
      const policies = ofKind(await meshed(mesh), 'NetworkPolicy');
      expect(policies.length).toBeGreaterThan(COMPONENTS.length);
      for (const policy of policies) new NetworkPolicy(policy as never).validate();
    }
  });

  test('Istio', async () => {
    const objects = await meshed('istio');
    const models = { AuthorizationPolicy, PeerAuthentication, DestinationRule, VirtualService };
    for (const [kind, Model] of Object.entries(models)) {
      const found = ofKind(objects, kind);
      expect(found.length, kind).toBeGreaterThan(7);
      for (const object of found) new Model(object as never).validate();
    }
  });

  const schemas = join(ROOT, '../shared/schemas/linkerd-policy-crds.json');
  const present = existsSync(schemas);
  if (!present) console.warn('Linkerd: skipped, linkerd-policy-crds.json is not beside this checkout');

  test.skipIf(!present)('Linkerd, in the versions that it stores', async () => {
    const crds = z
      .record(z.string(), z.object({ storage: z.boolean(), schema: z.record(z.string(), z.unknown()) }))
      .parse(JSON.parse(readFileSync(schemas, 'utf8')));
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const objects = (await meshed('linkerd')).filter(({ apiVersion }) =>
      apiVersion.startsWith('policy.linkerd.io/'),
    );
    expect(objects.length).toBeGreaterThan(100);
    for (const object of objects) {
      const crd = crds[`${object.apiVersion}/${object.kind}`];
      expect(crd?.storage, `${object.apiVersion} ${object.kind}`).toBe(true);
      const validate = ajv.compile(crd?.schema ?? false);
      expect(validate(object), `${object.metadata.name}: ${ajv.errorsText(validate.errors)}`).toBe(true);
      expect(validate({ ...object, spec: 'none' }), 'the validator bites').toBe(false);
    }
  });

  test.each(MESHES)('no two of a kind have the same name (%s)', async (mesh) => {
    const names = (await meshed(mesh)).map(
      ({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`,
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe('beyond the call graph', () => {
  test('a pod that no policy names may do nothing', async () => {
    const labels = { 'app.kubernetes.io/name': 'zoco', 'app.kubernetes.io/instance': 'zoco' };
    expect(networkRules(await render(), labels)).toEqual({ restricted: true, ingress: [], egress: [] });
  });

  test('anyone reaches the gateway, and named peers alone when they are named', async () => {
    const anyone = rulesOf(await render(), 'gateway').ingress.filter(({ peers }) => peers === undefined);
    expect(anyone).toEqual([{ peers: undefined, ports: [8080] }]);
    const sets = ['global.networkPolicies.gatewayFrom[0].namespaceSelector.matchLabels.name=ingress'];
    const { ingress } = rulesOf(await render([], sets), 'gateway');
    expect(ingress.filter(({ peers }) => peers === undefined)).toEqual([]);
    expect(JSON.stringify(ingress)).toContain('"name":"ingress"');
  });

  test('metrics are for Prometheus', async () => {
    const objects = await render();
    for (const service of SERVICE_NAMES) {
      const rules = rulesOf(objects, service).ingress.filter(({ ports }) => ports.includes(9090));
      expect(rules, service).toMatchObject([
        { peers: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } } }] },
      ]);
    }
  });

  test('with the sandbox nobody leaves; without it payments alone does, and not to private networks', async () => {
    const publicly = (rules: readonly Rule[]) =>
      rules.filter((rule) => JSON.stringify(rule).includes('0.0.0.0/0'));
    const objects = await render();
    expect(COMPONENTS.filter((each) => publicly(rulesOf(objects, each).egress).length > 0)).toEqual([]);
    const real = await render([], ['stripe.sandbox.enabled=false', 'payments.secret.existingSecret=stripe']);
    const out = publicly(rulesOf(real, 'payments').egress);
    expect(out.map(({ ports }) => ports)).toEqual([[443]]);
    expect(out[0]?.peers?.[0]?.ipBlock?.except).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16']),
    );
    const others = SERVICE_NAMES.filter((service) => service !== 'payments');
    expect(others.filter((each) => publicly(rulesOf(real, each).egress).length > 0)).toEqual([]);
  });

  test('the API server is for those with a token for it', async () => {
    const objects = await render();
    const mounting = SERVICE_NAMES.filter((service) =>
      JSON.stringify(find(objects, 'Deployment', `zoco-${service}`)['spec']).includes('kube-root-ca.crt'),
    );
    expect(mounting).toContain('gateway');
    expect(leaving(objects, 6443)).toEqual(mounting);
  });

  test('everybody resolves names; Postgres and NATS are reached outside when they are outside', async () => {
    const objects = await render();
    const silent = COMPONENTS.filter(
      (each) => !rulesOf(objects, each).egress.some(({ ports }) => ports.includes(53)),
    );
    expect(silent).toEqual([]);
    const external = await render(
      [],
      [
        'postgres.enabled=false',
        'nats.enabled=false',
        'global.externalPostgres.host=db.example',
        'global.externalPostgres.adminSecret=db',
        'global.externalNats.existingSecret=nats',
      ],
    );
    const reaching = (port: number) =>
      SERVICE_NAMES.filter((service) =>
        rulesOf(external, service).egress.some(({ ports }) => ports.includes(port)),
      );
    expect(reaching(4222)).toEqual(SERVICE_NAMES);
    expect(reaching(5432)).toEqual(SERVICE_NAMES.filter((service) => SERVICES[service].database));
    const otlp = await render([], ['global.observability.otlp.endpoint=http://collector.monitoring:4317']);
    expect(without(rulesOf(otlp, 'cart').egress, 4317).length).toBe(rulesOf(objects, 'cart').egress.length);
  });

  test('proxies reach their control plane', async () => {
    for (const [mesh, port] of [
      ['linkerd', 8086],
      ['istio', 15012],
    ] as const) {
      const objects = await meshed(mesh);
      const cut = COMPONENTS.filter(
        (each) => !rulesOf(objects, each).egress.some(({ ports }) => ports.includes(port)),
      );
      expect(cut, mesh).toEqual([]);
    }
  });

  test('network policies can be switched off', async () => {
    expect(ofKind(await render([], ['global.networkPolicies.enabled=false']), 'NetworkPolicy')).toEqual([]);
  });
});
