import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '@zoco/local';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { KubernetesObject } from '../render.ts';
import { objectsOf, VARIANTS } from '../variants.ts';
import { moduleOf } from './api-types.ts';

/** Objects of all variants, each once. */
async function allObjects(): Promise<KubernetesObject[]> {
  const lists = await Promise.all(VARIANTS.map(objectsOf));
  // Secrets are generated anew by each render, and say the same of the chart every time.
  const distinct = new Map(
    lists
      .flat()
      .map((object) => [
        object.kind === 'Secret' ? `Secret ${object.metadata.name}` : JSON.stringify(object),
        object,
      ]),
  );
  return [...distinct.values()];
}

let objects: readonly KubernetesObject[];
beforeAll(async () => {
  objects = await allObjects();
});

const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

const Model = z.custom<new (data: unknown) => { validate(): void }>((value) => typeof value === 'function');

async function faultOf(object: KubernetesObject): Promise<string | undefined> {
  const module = moduleOf(object);
  if (module === undefined) return undefined;
  const exports = z.record(z.string(), z.unknown()).parse(await import(module));
  const Class = Model.parse(exports[object.kind]);
  try {
    new Class(object).validate();
    return undefined;
  } catch (error) {
    return `${nameOf(object)}: ${String(error)}`;
  }
}

test('every object is what the schema of its API says', async () => {
  const faults = await Promise.all(objects.map(faultOf));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  expect(new Set(objects.map(({ kind }) => kind)).size).toBeGreaterThan(20);
});

test('the schemas bite', async () => {
  const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
  const broken = {
    ...deployment,
    spec: { ...z.looseObject({}).parse(deployment?.['spec']), replicas: 'two' },
  };
  expect(await faultOf(broken as never)).toContain('/spec/replicas');
});

/**
 * Kubernetes refuses fields that it does not know, and the schemas let them pass; the type checker does not: it takes the
 * objects as literals of their types.
 */
async function typeFaults(of: readonly KubernetesObject[]): Promise<string> {
  const typed = of.flatMap((object) => {
    const module = moduleOf(object);
    return module === undefined ? [] : [{ object, module }];
  });
  const lines = typed.map(({ object, module }, index) => {
    const type = `import(${JSON.stringify(module)}).I${object.kind}`;
    // Zod adds empty labels and annotations; all else stands as it was rendered, in one line.
    return `export const object${index}: ${type} = ${JSON.stringify(object)};`;
  });
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'zoco-chart-'));
  try {
    writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(dir, 'objects.ts'), lines.join('\n'));
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--ignoreConfig',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      '',
    ];
    await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), [...options, 'objects.ts'], { cwd: dir });
    return '';
  } catch (error) {
    const { stdout } = z.object({ stdout: z.string() }).parse(error);
    return stdout.replaceAll(/objects\.ts\((\d+),\d+\)/g, (_all, line: string) => {
      const fault = typed[Number(line) - 1];
      return fault === undefined ? '' : nameOf(fault.object);
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('no object has a field that its API does not know', async () => {
  const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
  const misspelt = { ...deployment, spec: { ...z.looseObject({}).parse(deployment?.['spec']), replica: 2 } };
  expect(await typeFaults(objects)).toBe('');
  expect(await typeFaults([misspelt as never])).toContain(`'"replica"' does not exist`);
});
