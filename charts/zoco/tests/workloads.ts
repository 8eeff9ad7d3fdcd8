import { z } from 'zod';
import type { KubernetesObject } from './render.ts';

const SecurityContext = z.looseObject({
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.number().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  privileged: z.boolean().optional(),
  readOnlyRootFilesystem: z.boolean().optional(),
  procMount: z.string().optional(),
  capabilities: z
    .object({ drop: z.array(z.string()).default([]), add: z.array(z.string()).default([]) })
    .optional(),
  seccompProfile: z.object({ type: z.string() }).optional(),
});

const KeyReference = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const Source = z.object({ name: z.string(), optional: z.boolean().default(false) });
const Resources = z.object({
  requests: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  limits: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.string().optional(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z
          .object({
            secretKeyRef: KeyReference.optional(),
            configMapKeyRef: KeyReference.optional(),
            fieldRef: z.object({ fieldPath: z.string() }).optional(),
          })
          .optional(),
      }),
    )
    .default([]),
  envFrom: z.array(z.object({ configMapRef: Source.optional(), secretRef: Source.optional() })).default([]),
  startupProbe: z.looseObject({}).optional(),
  readinessProbe: z.looseObject({}).optional(),
  livenessProbe: z.looseObject({}).optional(),
  securityContext: SecurityContext.default({}),
  resources: Resources.default({ requests: {}, limits: {} }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});

export type Container = z.infer<typeof Container>;

const Pod = z.looseObject({
  serviceAccountName: z.string().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
  hostNetwork: z.boolean().optional(),
  hostPID: z.boolean().optional(),
  hostIPC: z.boolean().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  securityContext: SecurityContext.default({}),
  initContainers: z.array(Container).default([]),
  containers: z.array(Container).min(1),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
});

/** The pods that an object makes. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly replicas: number | undefined;
  readonly pod: z.infer<typeof Pod>;
  /** Init containers first. */
  readonly containers: readonly Container[];
}

const Template = z.object({
  replicas: z.number().optional(),
  template: z.object({
    metadata: z.object({
      labels: z.record(z.string(), z.string()).default({}),
      annotations: z.record(z.string(), z.string()).default({}),
    }),
    spec: Pod,
  }),
});

const MAKERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'];

/** Everything that makes pods, tests included. */
export function workloads(objects: readonly KubernetesObject[]): Workload[] {
  return objects.flatMap((object) => {
    const { kind, metadata } = object;
    if (kind === 'Pod') {
      const pod = Pod.parse(object['spec']);
      return [
        {
          ...describe(metadata.name, kind, pod),
          labels: metadata.labels,
          annotations: metadata.annotations,
          replicas: 1,
        },
      ];
    }
    if (!MAKERS.includes(kind)) return [];
    const { replicas, template } = Template.parse(object['spec']);
    const { labels, annotations } = template.metadata;
    return [{ ...describe(metadata.name, kind, template.spec), labels, annotations, replicas }];
  });
}

function describe(name: string, kind: string, pod: z.infer<typeof Pod>) {
  return { kind, name, pod, containers: [...pod.initContainers, ...pod.containers] };
}
