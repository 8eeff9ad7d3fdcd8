import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_NAMES } from '@zoco/contracts';
import { ROOT } from '@zoco/local';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { KubernetesObject } from './render.ts';
import { objectsOf, VARIANTS } from './variants.ts';
import { type Container, workloads } from './workloads.ts';

let rendered: { variant: string; objects: readonly KubernetesObject[] }[];
beforeAll(async () => {
  rendered = await Promise.all(
    VARIANTS.map(async (variant) => ({ variant: variant.name, objects: await objectsOf(variant) })),
  );
});

/** What Node and the OpenTelemetry SDK read by themselves, and what only other variables refer to. */
const OF_THE_RUNTIME = [
  'NODE_ENV',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'OTEL_RESOURCE_ATTRIBUTES',
  'POD_NAMESPACE',
  'NODE_NAME',
  'POD_NAME',
];

/** What Secrets that the chart does not make hold, with values that are as good as any. */
const GIVEN: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://zoco:password@postgres.example:5432/zoco',
  DATABASE_WORKER_URL: 'postgres://zoco_worker:password@postgres.example:5432/zoco',
  DATABASE_OWNER_URL: 'postgres://zoco_owner:password@postgres.example:5432/zoco',
  NATS_URL: 'nats://zoco:password@nats.example:4222',
};
const GIVEN_WHOLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'zoco-stripe': { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' },
  'zoco-cart': { CART_TOKEN_KEY: 'k'.repeat(48) },
  'zoco-users': { USERS_KEY_ENCRYPTION_KEY: 'k'.repeat(43) },
  'zoco-platform-admin': { PLATFORM_ADMIN_EMAIL: 'a@b.example', PLATFORM_ADMIN_PASSWORD: 'password' },
};

const Data = z.looseObject({ data: z.record(z.string(), z.string()).default({}) });

/** The variables that the kubelet would give a container. */
function environmentOf(container: Container, objects: readonly KubernetesObject[]): Record<string, string> {
  const dataOf = (kind: string, name: string): Record<string, string> => {
    const object = objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
    if (object === undefined) return { ...GIVEN_WHOLE[name] };
    const { data } = Data.parse(object);
    const decode = (text: string) => (kind === 'Secret' ? Buffer.from(text, 'base64').toString() : text);
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, decode(text)]));
  };
  const env: Record<string, string> = {};
  for (const { configMapRef, secretRef } of container.envFrom) {
    if (configMapRef) Object.assign(env, dataOf('ConfigMap', configMapRef.name));
    if (secretRef) Object.assign(env, dataOf('Secret', secretRef.name));
  }
  for (const { name, value, valueFrom } of container.env) {
    const secret = valueFrom?.secretKeyRef;
    if (secret === undefined) {
      env[name] = value ?? valueFrom?.fieldRef?.fieldPath ?? '';
      continue;
    }
    const found =
      dataOf('Secret', secret.name)[secret.key] ?? (secret.optional ? undefined : GIVEN[secret.key]);
    if (found !== undefined) env[name] = found;
  }
  return env;
}

const Loader = z.custom<(env: NodeJS.ProcessEnv) => Record<string, unknown>>(
  (value) => typeof value === 'function',
);

/** The reader of the environment of one program of a service, by the name of its container. */
async function loaderOf(service: string, container: string) {
  const exports = z
    .record(z.string(), z.unknown())
    .parse(await import(join(ROOT, `services/${service}/src/config.ts`)));
  const names = { migrate: /^loadMigrat/, 'platform-admin': /^loadPlatformAdmin/ };
  const name = Object.keys(exports).find((key) =>
    (container in names ? names[container as keyof typeof names] : /^loadConfig$/).test(key),
  );
  return Loader.parse(exports[name ?? '']);
}

/** Sorted, without what the runtime reads. */
const ours = (env: Readonly<Record<string, unknown>>) =>
  Object.keys(env)
    .filter((name) => !OF_THE_RUNTIME.includes(name))
    .toSorted();

describe.each(SERVICE_NAMES)('%s', (service) => {
  const containersOf = (objects: readonly KubernetesObject[]) =>
    workloads(objects).find(({ name }) => name === `zoco-${service}`)?.containers ?? [];

  test('starts with what the chart gives it, in every variant', async () => {
    for (const { variant, objects } of rendered) {
      const containers = containersOf(objects);
      expect(
        containers.map(({ name }) => name),
        variant,
      ).toContain(service);
      for (const container of containers) {
        const load = await loaderOf(service, container.name);
        // Throws, with the names, when something required is missing or a value is not right.
        const config = load(environmentOf(container, objects));
        expect(Object.keys(config).length, `${variant} ${container.name}`).toBeGreaterThan(2);
      }
    }
  });

  test('reads all that the chart gives it', async () => {
    for (const { variant, objects } of rendered) {
      const containers = containersOf(objects);
      const read = new Map(
        await Promise.all(
          containers.map(async (container) => {
            const env = environmentOf(container, objects);
            return [container.name, Object.keys((await loaderOf(service, container.name))(env))] as const;
          }),
        ),
      );
      const whole = [...read.values()].flat();
      for (const container of containers) {
        const env = environmentOf(container, objects);
        // Init containers share the ConfigMap of the service, so what they do not read the service has to.
        const known = container.name === service ? (read.get(service) ?? []) : whole;
        expect(
          ours(env).filter((name) => !known.includes(name)),
          `${variant} ${container.name}`,
        ).toEqual([]);
      }
    }
  });

  test('does not hold logins that only its preparation needs', () => {
    for (const { objects } of rendered) {
      const main = containersOf(objects).find(({ name }) => name === service);
      const env = main === undefined ? {} : environmentOf(main, objects);
      expect(Object.keys(env).filter((name) => /ADMIN_URL|OWNER_URL|PLATFORM_ADMIN/.test(name))).toEqual([]);
    }
  });
});

test('a variable that is missing, misspelt or wrong is noticed', async () => {
  const objects = rendered[0]?.objects ?? [];
  const container = workloads(objects)
    .find(({ name }) => name === 'zoco-orders')
    ?.containers.at(-1);
  const env = container === undefined ? {} : environmentOf(container, objects);
  const load = await loaderOf('orders', 'orders');
  expect(() => load({ ...env, CATALOG_URL: undefined })).toThrow('CATALOG_URL: is missing');
  expect(() => load({ ...env, PORT: 'http' })).toThrow('PORT');
  expect(Object.keys(load({ ...env, ORDERS_LINE_MAX: '5' }))).not.toContain('ORDERS_LINE_MAX');
});

test.each([
  ['zoco-stripe-sandbox', 'libs/stripe-sandbox/src/config.ts'],
  ['zoco-smoke', 'libs/cli/src/smoke/credentials.ts'],
])('%s reads all that it is given', (name, file) => {
  const objects = rendered[0]?.objects ?? [];
  const container = workloads(objects)
    .find((workload) => workload.name === name)
    ?.containers.at(-1);
  const env = container === undefined ? {} : environmentOf(container, objects);
  expect(existsSync(join(ROOT, file))).toBe(true);
  const source = readFileSync(join(ROOT, file), 'utf8');
  expect(ours(env).length).toBeGreaterThan(1);
  expect(ours(env).filter((key) => !new RegExp(`\\b${key}\\b`).test(source))).toEqual([]);
});
