import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_SUBJECTS_PREFIX, type TestApiServer } from '@zoco/testing';
import { z } from 'zod';
import {
  type BareContainer,
  bareContainer,
  type ContainerProcess,
} from '../../../../scripts/containers/bare-container.ts';
import { imageEnvironment } from '../../../../scripts/containers/dockerfile.ts';
import { writeImageTree } from '../../../../scripts/image-tree.ts';
import { environmentOf } from '../data-plane/pod-environment.ts';
import type { KubernetesObject } from '../render.ts';
import { workloads } from '../workloads.ts';

/** A rendered Deployment as the kubelet would run one pod of it, but for addresses, which are of this machine. */
export interface Pod {
  /** Its component, such as `orders`. */
  readonly name: string;
  /** Runs its init containers one after the other, then starts it. @throws Error with the output of one that failed */
  start(): Promise<void>;
  readonly adminUrl: string;
  /** What it has printed so far, init containers included. */
  output(): string;
  /** SIGTERM. Resolves with how it ended. */
  stop(): Promise<Awaited<ContainerProcess['exited']>>;
  kill(): Promise<void>;
}

export interface Machine {
  readonly objects: readonly KubernetesObject[];
  readonly api: TestApiServer;
  /** Replaces `zoco-orders:8080` and the like in a text. */
  readonly localized: (text: string) => string;
  readonly portsOf: (name: string) => { readonly port: number; readonly adminPort: number };
  /** For root file systems. */
  readonly dir: string;
}

const Projected = z.looseObject({
  name: z.string(),
  projected: z
    .object({
      sources: z.array(
        z.looseObject({
          serviceAccountToken: z
            .looseObject({ audience: z.string().optional(), path: z.string() })
            .optional(),
        }),
      ),
    })
    .optional(),
});

const IDENTITY = '/var/run/zoco/identity';
const API = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The pod of a rendered Deployment, made but not started. */
export async function createPod(name: string, machine: Machine): Promise<Pod> {
  const { objects, portsOf } = machine;
  const workload = workloads(objects).find((one) => one.kind === 'Deployment' && one.name === `zoco-${name}`);
  if (workload === undefined) throw new Error(`the chart makes no Deployment zoco-${name}`);
  const container = await imageOf(name, machine, await mountsOf(name, workload.pod.volumes, machine));
  const { port, adminPort } = portsOf(name);
  let process: ContainerProcess | undefined;
  let told = '';

  async function prepare(): Promise<void> {
    for (const { name: step, command } of workload?.pod.initContainers ?? []) {
      const [program, file = ''] = command;
      if (program !== 'node') throw new Error(`${step} of ${name} starts ${program}, which no image has`);
      process = container.run([`/app/${file}`], environment(step));
      const { code } = await process.exited;
      told += process.output();
      if (code !== 0) throw new Error(`${step} of ${name} ended with ${code}:\n${process.output()}`);
      process = undefined;
    }
  }

  function environment(containerName: string): Record<string, string> {
    const given = environmentOf(objects, ['Deployment', `zoco-${name}`], containerName);
    const env: Record<string, string> = { ...imageEnvironment() };
    for (const [key, value] of Object.entries(given)) env[key] = machine.localized(value);
    // All pods share this machine's addresses, and nobody here takes them out of a Service first.
    Object.assign(env, { HOST: '127.0.0.1', PORT: String(port), ADMIN_PORT: String(adminPort) });
    Object.assign(env, {
      SHUTDOWN_DELAY_MS: '0',
      KUBERNETES_API_URL: machine.api.url,
      KUBERNETES_API_DIR: API,
    });
    // The sandbox has a volume.
    if (name === 'stripe-sandbox') env['STRIPE_SANDBOX_JOURNAL'] = '/tmp/journal';
    return env;
  }

  return {
    name,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    async start() {
      await prepare();
      process = container.run(['/app/dist/main.js'], environment(name));
    },
    output: () => told + (process?.output() ?? ''),
    async stop() {
      process?.signal('SIGTERM');
      return (await process?.exited) ?? { code: null, signal: null };
    },
    async kill() {
      process?.signal('SIGKILL');
      await process?.exited;
    },
  };
}

/** The image that a component runs, with what its pod mounts. */
export async function imageOf(
  name: string,
  { dir }: Machine,
  mounts: Readonly<Record<string, string>> = {},
): Promise<BareContainer> {
  await writeImageTree(name, join(dir, 'trees', name));
  return bareContainer(join(dir, 'roots', name), join(dir, 'trees', name), mounts);
}

/** Writes the tokens that the kubelet would get for a pod, each with its audience. */
async function mountsOf(
  name: string,
  volumes: readonly unknown[],
  { api, dir }: Machine,
): Promise<Record<string, string>> {
  const mounts: Record<string, string> = {};
  for (const volume of volumes.map((one) => Projected.parse(one))) {
    if (volume.name === 'kubernetes-api') mounts[API] = api.credentialsDir;
    if (volume.name !== 'identity') continue;
    const tokens = join(dir, 'tokens', name);
    mkdirSync(tokens, { recursive: true });
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      const [callee = ''] = serviceAccountToken?.path.split('/') ?? [];
      const claims = { sub: `${TEST_SUBJECTS_PREFIX}${name}`, aud: [serviceAccountToken?.audience] };
      api.project(tokens, callee, await api.sign(claims));
    }
    mounts[IDENTITY] = tokens;
  }
  return mounts;
}
