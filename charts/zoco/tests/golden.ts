import { join } from 'node:path';
import { type KubernetesObject, render } from './render.ts';
import { stringify } from 'yaml';
import { z } from 'zod';

const DIR = join(import.meta.dirname, 'golden');

/** The renders that are committed, so that a review sees what a change of a template does. */
export const GOLDEN = [
  { file: join(DIR, 'dev.yaml'), valuesFiles: ['values-dev.yaml'] },
  { file: join(DIR, 'prod.yaml'), valuesFiles: ['values-prod.yaml'] },
];

/** All objects of a render by kind and name, with stars for what is generated anew each time. */
export async function goldenText(valuesFiles: readonly string[]): Promise<string> {
  const objects = [...(await render(valuesFiles))].toSorted(byKindAndName).map(withoutSecrets);
  return objects
    .map((object) => `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`)
    .join('');
}

function byKindAndName(one: KubernetesObject, other: KubernetesObject): number {
  const key = ({ kind, metadata }: KubernetesObject) => `${kind}/${metadata.name}`;
  return key(one) < key(other) ? -1 : 1;
}

function withoutSecrets(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'Secret') return object;
  const data = z.record(z.string(), z.string()).parse(object['data'] ?? {});
  return { ...object, data: Object.fromEntries(Object.keys(data).map((key) => [key, '***'])) };
}
