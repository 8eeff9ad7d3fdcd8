import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { find, type KubernetesObject } from '../render.ts';
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

/** What is wrong, by variant and object; every check of this file looks at all variants. */
function faults(check: (world: Rendered) => Iterable<string>): string[] {
  return rendered.flatMap((world) => [...check(world)].map((fault) => `${world.variant}: ${fault}`));
}

const eachPod = (check: (pod: Workload, world: Rendered) => (string | false | undefined)[]) =>
  faults((world) =>
    world.pods.flatMap((pod) =>
      check(pod, world)
        .filter((fault) => typeof fault === 'string')
        .map((fault) => `${pod.kind} ${pod.name}: ${fault}`),
    ),
  );

const eachContainer = (
  check: (container: Workload['containers'][number], pod: Workload) => (string | false | undefined)[],
) =>
  eachPod((pod) =>
    pod.containers.flatMap((container) =>
      check(container, pod).map((fault) => typeof fault === 'string' && `${container.name} ${fault}`),
    ),
  );

test('there are pods to look at', () => {
  const names = rendered[0]?.pods.map(({ name }) => name);
  expect(names).toContain('zoco-orders');
  expect(names).toContain('zoco-postgres');
  expect(names).toContain('zoco-nats');
  expect(names).toContain('zoco-smoke');
  expect(names?.length).toBeGreaterThanOrEqual(11);
});

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
describe('Pod Security restricted, and a step beyond', () => {
  const VOLUMES = [
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ];

  test('nothing of the host, only volumes that are allowed', () => {
    expect(
      eachPod(({ pod }) => [
        (pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC) && 'shares a namespace with the host',
        ...pod.containers.flatMap(({ ports }) =>
          ports.filter((port) => 'hostPort' in port).map(({ name }) => `host port ${name}`),
        ),
        ...pod.volumes.map(
          (volume) =>
            !Object.keys(volume).every((key) => key === 'name' || VOLUMES.includes(key)) &&
            `volume ${volume.name}`,
        ),
      ]),
    ).toEqual([]);
  });

  test('nobody is root, gains rights or has capabilities', () => {
    expect(
      eachContainer(({ securityContext: own }, { pod: { securityContext: shared } }) => [
        (own.runAsNonRoot ?? shared.runAsNonRoot) !== true && 'may run as root',
        (own.runAsUser ?? shared.runAsUser ?? 0) === 0 && 'has no user of its own',
        own.allowPrivilegeEscalation !== false && 'may gain rights',
        own.privileged === true && 'is privileged',
        own.procMount !== undefined && 'sees /proc',
        !own.capabilities?.drop.includes('ALL') && 'keeps capabilities',
        (own.capabilities?.add.length ?? 0) > 0 && 'adds capabilities',
        (own.seccompProfile ?? shared.seccompProfile)?.type !== 'RuntimeDefault' && 'has no seccomp profile',
      ]),
    ).toEqual([]);
  });

  test('the image is read-only, but for development', () => {
    const writable = eachContainer(({ securityContext }) => [
      securityContext.readOnlyRootFilesystem !== true && 'can write to its image',
    ]);
    expect(writable.filter((fault) => !fault.startsWith('values-dev.yaml'))).toEqual([]);
  });

  test('a ServiceAccount of its own, whose token is not mounted by itself', () => {
    expect(
      eachPod(({ name, pod }, { objects }) => [
        pod.serviceAccountName !== name && `runs as ${pod.serviceAccountName ?? 'default'}`,
        pod.automountServiceAccountToken !== false && 'mounts a token',
        find(objects, 'ServiceAccount', name)['automountServiceAccountToken'] !== false &&
          'has a ServiceAccount that mounts tokens',
      ]),
    ).toEqual([]);
  });
});

describe('what a cluster needs to run them well', () => {
  test('images have a version', () => {
    expect(
      eachContainer(({ image }) => [
        !/(:[^:/]+|@sha256:[0-9a-f]{64})$/.test(image) && image,
        image.endsWith(':latest') && image,
      ]),
    ).toEqual([]);
  });

  test('requests for all, limits for memory and disk, none for the CPU', () => {
    expect(
      eachContainer(({ resources: { requests, limits } }) => [
        ...['cpu', 'memory', 'ephemeral-storage'].map(
          (name) => requests[name] === undefined && `requests no ${name}`,
        ),
        ...['memory', 'ephemeral-storage'].map(
          (name) => limits[name] === undefined && `has no limit for ${name}`,
        ),
        limits['cpu'] !== undefined && 'has a CPU limit',
      ]),
    ).toEqual([]);
  });

  test('emptyDirs have a size', () => {
    expect(
      eachPod(({ pod }) =>
        pod.volumes.map(
          (volume) =>
            'emptyDir' in volume &&
            !z.looseObject({ sizeLimit: z.string() }).safeParse(volume['emptyDir']).success &&
            `volume ${volume.name}`,
        ),
      ),
    ).toEqual([]);
  });

  test('what is mounted is there, and what is there is mounted', () => {
    expect(
      eachPod(({ pod, containers, name, kind }, { objects }) => {
        const claims = objects.flatMap((object) =>
          object.kind === kind && object.metadata.name === name
            ? (z
                .object({
                  volumeClaimTemplates: z.array(
                    z.looseObject({ metadata: z.looseObject({ name: z.string() }) }),
                  ),
                })
                .safeParse(object['spec'])
                .data?.volumeClaimTemplates.map(({ metadata }) => metadata.name) ?? [])
            : [],
        );
        const volumes = pod.volumes.map((volume) => volume.name);
        const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts.map((mount) => mount.name));
        return [
          ...mounts.map(
            (mount) => ![...volumes, ...claims].includes(mount) && `mounts ${mount}, which is not there`,
          ),
          ...volumes.map((volume) => !mounts.includes(volume) && `has ${volume}, which nobody mounts`),
        ];
      }),
    ).toEqual([]);
  });

  test('all three probes on ports that are there', () => {
    expect(
      eachPod(({ kind, pod }) =>
        kind === 'Pod'
          ? []
          : pod.containers.flatMap((container) => {
              const ports = container.ports.flatMap(({ name, containerPort }) => [name, containerPort]);
              return [container.startupProbe, container.readinessProbe, container.livenessProbe].map(
                (probe) => {
                  if (probe === undefined) return `${container.name} lacks a probe`;
                  const http = z
                    .looseObject({ port: z.union([z.string(), z.number()]) })
                    .safeParse(probe['httpGet']);
                  return (
                    http.success &&
                    !ports.includes(http.data.port) &&
                    `${container.name} is probed at ${http.data.port}`
                  );
                },
              );
            }),
      ),
    ).toEqual([]);
  });

  test('alive asks for no dependency: services are probed apart', () => {
    const { containers } = rendered[0]?.pods.find(({ name }) => name === 'zoco-orders') ?? {};
    const main = containers?.at(-1);
    expect(main?.livenessProbe).toMatchObject({ httpGet: { path: '/livez', port: 'admin' } });
    expect(main?.readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: 'admin' } });
  });

  test('the kill comes after the end that the settings allow', () => {
    expect(
      eachPod(({ pod, name, kind }, { objects }) => {
        if (kind !== 'Deployment') return [];
        const { data } = z
          .looseObject({ data: z.record(z.string(), z.string()) })
          .parse(find(objects, 'ConfigMap', name));
        const own =
          (Number(data['SHUTDOWN_DELAY_MS'] ?? 0) + Number(data['SHUTDOWN_TIMEOUT_MS'] ?? 0)) / 1000;
        return [(pod.terminationGracePeriodSeconds ?? 30) < own + 5 && `is killed while it ends (${own} s)`];
      }),
    ).toEqual([]);
  });
});
