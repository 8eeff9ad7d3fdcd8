import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { find, type KubernetesObject, ofKind } from '../render.ts';
import { objectsOf, VARIANTS } from '../variants.ts';
import { type Workload, workloads } from '../workloads.ts';

interface Rendered {
  readonly variant: string;
  readonly objects: readonly KubernetesObject[];
  readonly pods: readonly Workload[];
}

let rendered: readonly Rendered[];
beforeAll(async () => {
  rendered = await Promise.all(
    VARIANTS.map(async (variant) => {
      const objects = await objectsOf(variant);
      return { variant: variant.name, objects, pods: workloads(objects) };
    }),
  );
});

function faults(check: (world: Rendered) => Iterable<string>): string[] {
  return rendered.flatMap((world) => [...check(world)].map((fault) => `${world.variant}: ${fault}`));
}

const covers = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

const SELECTOR_LABELS = [
  'app.kubernetes.io/component',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/name',
];

test('a Service leads to the pods of one workload, at ports that they have', () => {
  const Spec = z.looseObject({
    selector: z.record(z.string(), z.string()),
    ports: z.array(z.looseObject({ name: z.string(), targetPort: z.union([z.string(), z.number()]) })),
  });
  expect(
    faults(({ objects, pods }) =>
      ofKind(objects, 'Service').flatMap(({ metadata, ...service }) => {
        const { selector, ports } = Spec.parse(service['spec']);
        const [target, ...others] = pods.filter(({ labels }) => covers(selector, labels));
        if (target === undefined || others.length > 0)
          return [`${metadata.name} leads to ${others.length} workloads`];
        const names = target.containers.flatMap((container) => container.ports.map(({ name }) => name));
        return ports
          .filter(({ targetPort }) => !names.includes(String(targetPort)))
          .map(({ name }) => `${metadata.name}: port ${name}`);
      }),
    ),
  ).toEqual([]);
});

test('selectors hold what never changes, and match their own pods', () => {
  const Spec = z.looseObject({ selector: z.object({ matchLabels: z.record(z.string(), z.string()) }) });
  expect(
    faults(({ objects, pods }) =>
      [...ofKind(objects, 'Deployment'), ...ofKind(objects, 'StatefulSet')].flatMap(
        ({ kind, metadata, ...object }) => {
          const { matchLabels } = Spec.parse(object['spec']).selector;
          const own = pods.find((pod) => pod.kind === kind && pod.name === metadata.name);
          return [
            ...(Object.keys(matchLabels).toSorted().join() === SELECTOR_LABELS.join()
              ? []
              : [`${metadata.name}: selector`]),
            ...(covers(matchLabels, own?.labels ?? {})
              ? []
              : [`${metadata.name} does not select its own pods`]),
          ];
        },
      ),
    ),
  ).toEqual([]);
});

test('budgets and autoscalers are for workloads that are there, and never two for one', () => {
  const Target = z.looseObject({ scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }) });
  const Budget = z.looseObject({ selector: z.object({ matchLabels: z.record(z.string(), z.string()) }) });
  expect(
    faults(({ objects, pods }) => {
      const scalers = [...ofKind(objects, 'HorizontalPodAutoscaler'), ...ofKind(objects, 'ScaledObject')];
      const targets = scalers.map((object) => Target.parse(object['spec']).scaleTargetRef);
      return [
        ...targets
          .filter(
            ({ kind, name }) =>
              !pods.some((pod) => pod.kind === kind && pod.name === name && pod.replicas === undefined),
          )
          .map(({ name }) => `scales ${name}, which is not there or has a number of its own`),
        ...targets
          .filter(({ name }, index) => targets.findIndex((other) => other.name === name) !== index)
          .map(({ name }) => `scales ${name} twice`),
        ...ofKind(objects, 'PodDisruptionBudget')
          .filter((object) => {
            const { matchLabels } = Budget.parse(object['spec']).selector;
            const own = pods.filter(({ labels }) => covers(matchLabels, labels));
            return own.length !== 1 || own[0]?.replicas === 1;
          })
          .map(({ metadata }) => `PodDisruptionBudget ${metadata.name}`),
      ];
    }),
  ).toEqual([]);
});

test('ConfigMaps and Secrets that pods read are made by the chart, or by whoever was told to', () => {
  const given = ['zoco-stripe', 'rds-ca', 'authorities'];
  expect(
    faults(({ variant, objects, pods }) => {
      const has = (kind: string, name: string) =>
        objects.some((object) => object.kind === kind && object.metadata.name === name);
      const eks = variant.includes('eks');
      const missing = (kind: string, name: string) =>
        !has(kind, name) && !given.includes(name) && !(eks && kind === 'Secret');
      return pods.flatMap(({ name, containers }) =>
        containers.flatMap(({ env, envFrom }) => {
          const references = [
            ...envFrom.flatMap(({ configMapRef, secretRef }) => [
              ...(configMapRef === undefined ? [] : [{ kind: 'ConfigMap', ...configMapRef }]),
              ...(secretRef === undefined ? [] : [{ kind: 'Secret', ...secretRef }]),
            ]),
            ...env.flatMap(({ valueFrom }) =>
              valueFrom?.secretKeyRef === undefined ? [] : [{ kind: 'Secret', ...valueFrom.secretKeyRef }],
            ),
          ];
          return references
            .filter(({ kind, optional, ...reference }) => !optional && missing(kind, reference.name))
            .map((reference) => `${name} reads ${reference.kind} ${reference.name}`);
        }),
      );
    }),
  ).toEqual([]);
});

test('names are names, and everything says what it belongs to', () => {
  expect(
    faults(({ objects }) =>
      objects.flatMap(({ kind, metadata: { name, namespace, labels } }) => [
        ...(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name) || kind === 'Role' || kind === 'RoleBinding'
          ? []
          : [`${kind} ${name}`]),
        ...(namespace === 'shop' || kind === 'PriorityClass' ? [] : [`${kind} ${name} names no namespace`]),
        ...[
          'app.kubernetes.io/component',
          'app.kubernetes.io/instance',
          'app.kubernetes.io/managed-by',
          'app.kubernetes.io/name',
          'app.kubernetes.io/part-of',
          'app.kubernetes.io/version',
          'helm.sh/chart',
        ]
          .filter((label) => labels[label] === undefined)
          .map((label) => `${kind} ${name} lacks the label ${label}`),
      ]),
    ),
  ).toEqual([]);
});

test('the password of nothing stands where many can read it', () => {
  const Data = z.looseObject({ data: z.record(z.string(), z.string()).default({}) });
  const SHORTEST = 12;
  expect(
    faults(({ objects }) => {
      const secrets = ofKind(objects, 'Secret').flatMap((object) =>
        Object.values(Data.parse(object).data).map((text) => Buffer.from(text, 'base64').toString()),
      );
      const passwords = secrets
        .map((text) => /:\/\/[^:]*:([^@]+)@/.exec(text)?.[1] ?? text)
        .filter(
          (text) =>
            text.length >= SHORTEST &&
            !/^https?:\/\//.test(text) &&
            !text.includes('@') &&
            !text.includes('-----'),
        );
      const open = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'));
      return passwords
        .filter((password) => open.includes(password))
        .map(() => 'a secret stands outside of a Secret');
    }),
  ).toEqual([]);
});

test('without being asked, the chart needs nothing of the cluster but Kubernetes itself', () => {
  const groups = new Set(rendered[0]?.objects.map(({ apiVersion }) => apiVersion));
  expect([...groups].toSorted()).toEqual(
    [
      'apps/v1',
      'coordination.k8s.io/v1',
      'networking.k8s.io/v1',
      'rbac.authorization.k8s.io/v1',
      'v1',
    ].filter((group) => groups.has(group)),
  );
  expect(groups).toContain('apps/v1');
  expect(ofKind(rendered[0]?.objects ?? [], 'Ingress')).toEqual([]);
});

test('Postgres has connections for every pod that may run, and one more of each', () => {
  expect(
    faults(({ objects, pods }) => {
      if (!objects.some(({ metadata, kind }) => kind === 'StatefulSet' && metadata.name === 'zoco-postgres'))
        return [];
      const max = Number(
        /max_connections = '(\d+)'/.exec(JSON.stringify(find(objects, 'ConfigMap', 'zoco-postgres')))?.[1],
      );
      const Scaler = z.looseObject({
        scaleTargetRef: z.looseObject({ name: z.string() }),
        maxReplicas: z.number().optional(),
        maxReplicaCount: z.number().optional(),
      });
      const scalers = [...ofKind(objects, 'HorizontalPodAutoscaler'), ...ofKind(objects, 'ScaledObject')].map(
        (object) => Scaler.parse(object['spec']),
      );
      const wanted = pods
        .filter(({ pod }) => pod.initContainers.some(({ name }) => name === 'migrate'))
        .map(({ name, replicas }) => {
          const scaler = scalers.find(({ scaleTargetRef }) => scaleTargetRef.name === name);
          return ((scaler?.maxReplicas ?? scaler?.maxReplicaCount ?? replicas ?? 1) + 1) * 15;
        })
        .reduce((sum, count) => sum + count, 10);
      return wanted <= max ? [] : [`${wanted} connections wanted, ${max} there`];
    }),
  ).toEqual([]);
});
