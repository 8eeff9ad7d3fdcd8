import { SERVICE_NAMES } from '@zoco/contracts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { find, type KubernetesObject, NAMESPACE, render } from '../render.ts';

const Rules = z.array(
  z.strictObject({
    apiGroups: z.array(z.string()),
    resources: z.array(z.string()),
    resourceNames: z.array(z.string()),
    verbs: z.array(z.string()),
  }),
);
const Binding = z.object({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string() })),
});
const ConfigMap = z.object({ data: z.record(z.string(), z.string()) });
const Pod = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        volumes: z.array(z.looseObject({ name: z.string() })),
        containers: z.array(
          z.object({ volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })) }),
        ),
      }),
    }),
  }),
});

const ofKind = (objects: readonly KubernetesObject[], kind: string) =>
  objects.filter((object) => object.kind === kind);
const rulesOf = (objects: readonly KubernetesObject[], name: string) =>
  Rules.parse(find(objects, 'Role', name)['rules']);
const settingsOf = (objects: readonly KubernetesObject[], service: string) =>
  ConfigMap.parse(find(objects, 'ConfigMap', `zoco-${service}`)).data;

describe('rights at the API server', () => {
  test('are two Roles in the namespace, and none in the cluster', async () => {
    const objects = await render();
    expect(ofKind(objects, 'Role').map(({ metadata }) => metadata.name)).toEqual([
      'zoco-gateway',
      'zoco-payments',
    ]);
    expect([...ofKind(objects, 'ClusterRole'), ...ofKind(objects, 'ClusterRoleBinding')]).toEqual([]);
  });

  test('of the gateway: to read the Deployments of this release by name', async () => {
    const objects = await render([], ['invoicing.enabled=false']);
    expect(rulesOf(objects, 'zoco-gateway')).toEqual([
      {
        apiGroups: ['apps'],
        resources: ['deployments'],
        resourceNames: SERVICE_NAMES.map((name) => `zoco-${name}`).toSorted(),
        verbs: ['get'],
      },
    ]);
    expect(settingsOf(objects, 'gateway')['GATEWAY_DEPLOYMENTS_PREFIX']).toBe('zoco-');
  });

  test('of payments: to read and write its one Lease, which is there', async () => {
    const objects = await render();
    const lease = find(objects, 'Lease', 'zoco-payments');
    expect(rulesOf(objects, lease.metadata.name)).toEqual([
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: [lease.metadata.name],
        verbs: ['get', 'update'],
      },
    ]);
    expect(lease, 'what replicas write is theirs').not.toHaveProperty('spec');
    expect(settingsOf(objects, 'payments')['PAYMENTS_LEADER_LEASE']).toBe(lease.metadata.name);
  });

  test('belong to the ServiceAccount of the component alone', async () => {
    const objects = await render();
    for (const object of ofKind(objects, 'RoleBinding')) {
      const { name } = object.metadata;
      expect(Binding.parse(object)).toEqual({
        roleRef: { kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
      });
    }
    expect(ofKind(objects, 'RoleBinding')).toHaveLength(2);
  });

  test('go with the service', async () => {
    const objects = await render([], ['payments.enabled=false', 'stripe.sandbox.enabled=false']);
    expect(ofKind(objects, 'Role').map(({ metadata }) => metadata.name)).toEqual(['zoco-gateway']);
    expect(ofKind(objects, 'Lease')).toEqual([]);
  });
});

describe('a token for the API server', () => {
  // Who is called verifies tokens by the cluster's keys; the gateway reads Deployments.
  const readers = ['gateway', 'users', 'catalog', 'orders', 'payments'];

  test.each([...SERVICE_NAMES])('%s has one only when it needs one', async (service) => {
    const { volumes, containers } = Pod.parse(find(await render(), 'Deployment', `zoco-${service}`)).spec
      .template.spec;
    const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts);
    const needsOne = readers.includes(service);
    expect(volumes.some(({ name }) => name === 'kubernetes-api')).toBe(needsOne);
    expect(mounts.some(({ mountPath }) => mountPath.includes('kubernetes.io'))).toBe(needsOne);
  });
});

test('pods end connections for longer than their clients keep idle ones, and are given the time for it', async () => {
  const objects = await render();
  for (const service of SERVICE_NAMES) {
    const { SHUTDOWN_DELAY_MS: delayMs, SHUTDOWN_TIMEOUT_MS: timeoutMs } = settingsOf(objects, service);
    expect(Number(delayMs), service).toBeGreaterThanOrEqual(5000);
    const spec = z
      .object({
        spec: z.object({
          template: z.object({ spec: z.object({ terminationGracePeriodSeconds: z.number() }) }),
        }),
      })
      .parse(find(objects, 'Deployment', `zoco-${service}`)).spec.template.spec;
    expect(spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(
      Number(delayMs) + Number(timeoutMs) + 5000,
    );
  }
});
