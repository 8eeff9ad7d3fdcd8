import { z } from 'zod';
import { find, type KubernetesObject } from '../render.ts';

const KeyReference = z.object({ name: z.string(), key: z.string(), optional: z.boolean().optional() });
const Container = z.object({
  name: z.string(),
  envFrom: z
    .array(
      z.object({
        configMapRef: z.object({ name: z.string() }).optional(),
        secretRef: z.object({ name: z.string() }).optional(),
      }),
    )
    .default([]),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z
          .object({
            secretKeyRef: KeyReference.optional(),
            fieldRef: z.object({ fieldPath: z.string() }).optional(),
          })
          .optional(),
      }),
    )
    .default([]),
});
const Workload = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.array(Container), initContainers: z.array(Container).default([]) }),
    }),
  }),
});
const Data = z.object({ data: z.record(z.string(), z.string()).default({}) });

/** The texts of a rendered ConfigMap or Secret. */
export function dataOf(objects: readonly KubernetesObject[], kind: 'ConfigMap' | 'Secret', name: string) {
  const { data } = Data.parse(find(objects, kind, name));
  if (kind === 'ConfigMap') return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
  );
}

/**
 * The variables that the kubelet would give to a container of a rendered workload.
 * @throws Error when a container, an object or a key that is not optional does not exist
 */
export function environmentOf(
  objects: readonly KubernetesObject[],
  workload: readonly [kind: 'Deployment' | 'StatefulSet', name: string],
  containerName: string,
): Record<string, string> {
  const { spec } = Workload.parse(find(objects, ...workload)).spec.template;
  const container = [...spec.initContainers, ...spec.containers].find(({ name }) => name === containerName);
  if (container === undefined) throw new Error(`${workload[1]} has no container ${containerName}`);
  const env: Record<string, string> = {};
  for (const { configMapRef, secretRef } of container.envFrom) {
    if (configMapRef) Object.assign(env, dataOf(objects, 'ConfigMap', configMapRef.name));
    if (secretRef) Object.assign(env, dataOf(objects, 'Secret', secretRef.name));
  }
  for (const { name, value, valueFrom } of container.env) {
    if (value !== undefined) env[name] = expand(value, env);
    const secret = valueFrom?.secretKeyRef;
    if (secret !== undefined) env[name] = secretText(objects, secret);
    if (valueFrom?.fieldRef?.fieldPath === 'metadata.name') env[name] = `${workload[1]}-0`;
  }
  return env;
}

function secretText(objects: readonly KubernetesObject[], reference: z.infer<typeof KeyReference>): string {
  const text = dataOf(objects, 'Secret', reference.name)[reference.key];
  if (text === undefined) throw new Error(`Secret ${reference.name} has no key ${reference.key}`);
  return text;
}

/** `$(NAME)` of a variable that was defined before; anything else stays as it is. */
function expand(value: string, env: Readonly<Record<string, string>>): string {
  return value.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => env[name] ?? whole);
}
