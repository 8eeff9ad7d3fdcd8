import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubernetesTools } from '@zoco/testing';
import { CHART } from './chart-files.ts';
import { kept } from './render-cache.ts';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

export { CHART };

/** The values files that the chart ships, without `values.yaml`, which always counts. */
export const VALUES_FILES = ['values-dev.yaml', 'values-kind.yaml', 'values-eks.yaml', 'values-prod.yaml'];

export const MESHES = ['none', 'linkerd', 'istio'];

/** What the renders of the tests are called and where they go. */
export const RELEASE = 'zoco';
export const NAMESPACE = 'shop';

const Metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

const KubernetesObject = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: Metadata });

export type KubernetesObject = z.infer<typeof KubernetesObject>;

/** Helm refused; the message is what it said. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}

const texts = new Map<string, Promise<string>>();
const parsed = new Map<string, Promise<readonly KubernetesObject[]>>();

/**
 * Every object that `helm template` makes of the chart, hooks and tests included; rendered once per set of arguments
 * in a process.
 * @param valuesFiles names within the chart, such as `values-prod.yaml`, or absolute paths
 * @param sets what `--set` takes, such as `orders.replicas=3`
 * @throws RenderError when Helm refuses
 */
export function render(
  valuesFiles: readonly string[] = [],
  sets: readonly string[] = [],
): Promise<readonly KubernetesObject[]> {
  const key = JSON.stringify([valuesFiles, sets]);
  const known = parsed.get(key) ?? keptObjects(key, valuesFiles, () => renderText(valuesFiles, sets));
  parsed.set(key, known);
  return known;
}

/** The same as the text that Helm prints. */
export function renderText(
  valuesFiles: readonly string[] = [],
  sets: readonly string[] = [],
): Promise<string> {
  const args = [
    'template',
    RELEASE,
    CHART,
    `--namespace=${NAMESPACE}`,
    ...valuesFiles.flatMap((file) => ['--values', join(file.startsWith('/') ? '' : CHART, file)]),
    ...sets.flatMap((set) => ['--set', set]),
  ];
  const key = JSON.stringify(args);
  const known = texts.get(key) ?? helm(...args);
  texts.set(key, known);
  return known;
}

/** Reading YAML takes longer than rendering does, so it is the objects that are kept. */
async function keptObjects(
  key: string,
  valuesFiles: readonly string[],
  renderYaml: () => Promise<string>,
): Promise<readonly KubernetesObject[]> {
  const json = await kept(key, valuesFiles, async () => JSON.stringify(parseYaml(await renderYaml())));
  return z.array(KubernetesObject).parse(JSON.parse(json));
}

/**
 * What Helm prints.
 * @throws RenderError with what it said when it refuses
 */
export async function helm(...args: readonly string[]): Promise<string> {
  const tools = await kubernetesTools();
  try {
    const { stdout } = await promisify(execFile)(tools.helm, [...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const said = z.object({ stdout: z.string(), stderr: z.string() }).safeParse(error);
    if (!said.success) throw error;
    throw new RenderError(`${said.data.stdout}${said.data.stderr}`);
  }
}

/** The objects in what Helm printed. */
export function parseObjects(text: string): readonly KubernetesObject[] {
  return z.array(KubernetesObject).parse(parseYaml(text));
}

function parseYaml(text: string): unknown[] {
  const documents = parseAllDocuments(text);
  const faults = documents.flatMap(({ errors }) => errors);
  if (faults.length > 0) throw new RenderError(String(faults[0]));
  const values: unknown[] = documents.map((document) => document.toJS() as unknown);
  return values.filter((value) => value !== null);
}

/** The objects of one kind. */
export function ofKind(objects: readonly KubernetesObject[], kind: string): readonly KubernetesObject[] {
  return objects.filter((object) => object.kind === kind);
}

/**
 * The one object of this kind and name.
 * @throws Error when there is none
 */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`The chart makes no ${kind} ${name}.`);
  return found;
}
