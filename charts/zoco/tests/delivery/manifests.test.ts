import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@zoco/local';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { moduleOf } from '../objects/api-types.ts';
import { find, type KubernetesObject, ofKind, render } from '../render.ts';
import { workloads } from '../workloads.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const Objects = z.array(
  z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({
      name: z.string(),
      labels: z.record(z.string(), z.string()).default({}),
      annotations: z.record(z.string(), z.string()).default({}),
    }),
  }),
);
const objectsIn = (path: string): KubernetesObject[] =>
  Objects.parse(parseAllDocuments(read(path)).map((document) => document.toJS() as unknown));

const FILES = globSync('k8s/{kind,eks,examples}/*.yaml', { cwd: ROOT }).filter(
  (path) => !/values\.yaml$|kind\/cluster|eks\/(cluster|rds)/.test(path),
);
const Model = z.custom<new (data: unknown) => { validate(): void }>((value) => typeof value === 'function');

/** Newest served versions of the APIs that nobody publishes npm types of. */
const WITHOUT_TYPES: Readonly<Record<string, string>> = {
  SecretStore: 'external-secrets.io/v1',
  ExternalSecret: 'external-secrets.io/v1',
  Cluster: 'postgresql.cnpg.io/v1',
};

async function faultOf(object: KubernetesObject): Promise<string | undefined> {
  const version = WITHOUT_TYPES[object.kind];
  if (version !== undefined)
    return object.apiVersion === version ? undefined : `${object.kind} is ${object.apiVersion}`;
  const exports = z.record(z.string(), z.unknown()).parse(await import(moduleOf(object) ?? ''));
  const Class = Model.parse(exports[object.kind]);
  try {
    new Class(object).validate();
    return undefined;
  } catch (error) {
    return `${object.kind} ${object.metadata.name}: ${String(error)}`;
  }
}

test.each(FILES)('%s holds objects of current APIs', async (path) => {
  const faults = await Promise.all(objectsIn(path).map(faultOf));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
});

test('every pod of an example may run under Pod Security "restricted"', () => {
  const pods = FILES.flatMap((path) => workloads(objectsIn(path)));
  expect(pods.length).toBeGreaterThan(0);
  for (const { pod, containers } of pods) {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const { securityContext, image, resources } of containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(image).not.toMatch(/:latest$|^[^:]+$/);
      expect(Object.keys(resources.limits)).toContain('memory');
    }
  }
});

describe('kind', () => {
  const Cluster = z.object({
    name: z.string(),
    nodes: z.array(
      z.looseObject({
        role: z.string(),
        extraPortMappings: z
          .array(z.looseObject({ containerPort: z.number(), hostPort: z.number() }))
          .default([]),
      }),
    ),
  });

  test('maps the port of this machine to the one that the gateway has on each node', async () => {
    const { name, nodes } = Cluster.parse(parse(read('k8s/kind/cluster.yaml')));
    expect(name).toBe('zoco');
    const objects = await render(['values-kind.yaml']);
    const service = z
      .object({
        spec: z.object({ type: z.string(), ports: z.array(z.looseObject({ nodePort: z.number() })) }),
      })
      .parse(find(objects, 'Service', 'zoco-gateway-external'));
    const mapped = nodes.flatMap(({ extraPortMappings }) => extraPortMappings);
    expect(mapped).toMatchObject([
      { containerPort: service.spec.ports[0]?.nodePort, hostPort: 8080, listenAddress: '127.0.0.1' },
    ]);
  });

  test('its namespace enforces Pod Security "restricted"', () => {
    const [namespace] = objectsIn('k8s/kind/namespace.yaml');
    expect(namespace?.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  });
});

describe('eks', () => {
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    objects = await render(
      ['values-prod.yaml', 'values-eks.yaml'],
      ['global.externalPostgres.host=db.example'],
    );
  });

  const ExternalSecret = z.looseObject({
    spec: z.looseObject({
      target: z.object({ name: z.string(), template: z.object({ data: z.record(z.string(), z.string()) }) }),
      data: z.array(
        z.object({ secretKey: z.string(), remoteRef: z.object({ key: z.string(), property: z.string() }) }),
      ),
    }),
  });
  const secrets = ofKind(objectsIn('k8s/eks/external-secrets.yaml'), 'ExternalSecret').map(
    (object) => ExternalSecret.parse(object).spec,
  );

  test('the Secrets that External Secrets makes are those that the chart would have made', async () => {
    const keysOf = (object: KubernetesObject) =>
      Object.keys(z.object({ data: z.record(z.string(), z.string()) }).parse(object).data);
    const made = ofKind(await render(['values-prod.yaml'], ['nats.replicas=3']), 'Secret');
    const wanted = Object.fromEntries(
      made
        .filter(({ metadata }) => metadata.name !== 'zoco-postgres')
        .map((object) => [object.metadata.name, keysOf(object).toSorted()]),
    );
    const given = Object.fromEntries(
      secrets.map(({ target }) => [target.name, Object.keys(target.template.data).toSorted()]),
    );
    expect(given).toEqual({
      ...wanted,
      'zoco-postgres': ['DATABASE_ADMIN_URL'],
      'zoco-stripe': ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'],
    });
    expect(ofKind(objects, 'Secret')).toEqual([]);
  });

  test('every secret that a pod names is made, or said in the README to be made', () => {
    const named = workloads(objects).flatMap(({ containers }) =>
      containers.flatMap(({ env, envFrom }) => [
        ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
        ...envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
      ]),
    );
    const made = secrets.map(({ target }) => target.name);
    expect([...new Set(named)].filter((name) => !made.includes(name))).toEqual([]);
    expect(read('k8s/eks/README.md')).toContain('create secret generic rds-ca');
  });

  test('make-secrets.sh makes every property that External Secrets asks for', () => {
    const script = read('k8s/eks/make-secrets.sh');
    const lists = [...script.matchAll(/for (\w+) in ([\w ]+);/g)].map(([, , words = '']) => words.split(' '));
    const [services = [], roles = [], logins = []] = lists;
    const made = new Set([
      ...services.flatMap((service) => roles.map((role) => `database_${service}_${role}`)),
      ...logins.map((login) => `nats_${login}`),
      ...[...script.matchAll(/"(\w+)":"%s"/g)].map(([, name = '']) => name),
    ]);
    const asked = secrets
      .flatMap(({ data }) => data)
      .filter(({ remoteRef }) => remoteRef.key === 'zoco/generated')
      .map(({ remoteRef }) => remoteRef.property);
    expect(new Set(asked).size).toBeGreaterThan(25);
    expect([...new Set(asked)].filter((property) => !made.has(property))).toEqual([]);
  });

  test('a template names only what it is given', () => {
    for (const { target, data } of secrets) {
      const used = Object.values(target.template.data).flatMap((text) =>
        [...text.matchAll(/\{\{ \.(\w+)/g)].map(([, name = '']) => name),
      );
      expect(new Set(used)).toEqual(new Set(data.map(({ secretKey }) => secretKey)));
    }
  });

  test('volumes are of a class that the cluster has', () => {
    const [storageClass] = objectsIn('k8s/eks/storageclass.yaml');
    const claims = JSON.stringify(ofKind(objects, 'StatefulSet'));
    expect(claims).toContain(`"storageClassName":"${storageClass?.metadata.name}"`);
  });

  test('its cluster file is one of eksctl, with roles for what talks to AWS and policies that are enforced', () => {
    const cluster = z
      .looseObject({
        apiVersion: z.literal('eksctl.io/v1alpha5'),
        kind: z.literal('ClusterConfig'),
        iam: z.looseObject({
          withOIDC: z.literal(true),
          podIdentityAssociations: z.array(z.looseObject({ serviceAccountName: z.string() })),
        }),
        addons: z.array(z.looseObject({ name: z.string(), configurationValues: z.string().optional() })),
      })
      .parse(parse(read('k8s/eks/cluster.yaml')));
    expect(cluster.iam.podIdentityAssociations.map(({ serviceAccountName }) => serviceAccountName)).toEqual([
      'aws-load-balancer-controller',
      'external-secrets',
    ]);
    expect(cluster.addons.find(({ name }) => name === 'vpc-cni')?.configurationValues).toContain(
      'enableNetworkPolicy: "true"',
    );
  });
});

test('the values of the examples render: Postgres by CloudNativePG, a route of the Gateway API', async () => {
  const own = await render([join(ROOT, 'k8s/examples/cloudnative-pg-values.yaml')]);
  expect(ofKind(own, 'StatefulSet').map(({ metadata }) => metadata.name)).toEqual(['zoco-nats']);
  expect(JSON.stringify(ofKind(own, 'NetworkPolicy'))).toContain('cnpg.io/cluster');
  const routed = await render([join(ROOT, 'k8s/examples/gateway-api-values.yaml')]);
  const [gateway] = ofKind(objectsIn('k8s/examples/gateway-api.yaml'), 'Gateway');
  expect(find(routed, 'HTTPRoute', 'zoco-gateway')).toMatchObject({
    spec: { parentRefs: [{ name: gateway?.metadata.name, sectionName: 'https' }] },
  });
});
