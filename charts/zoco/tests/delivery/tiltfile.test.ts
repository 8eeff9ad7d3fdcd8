import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '@zoco/local';
import { beforeAll, describe, expect, test } from 'vitest';
import { type KubernetesObject, render } from '../render.ts';
import { workloads } from '../workloads.ts';

// Tilt itself is not here: a parser of Starlark reads its file, and the calls that it makes are made.

const FILE = join(ROOT, 'Tiltfile');
const text = readFileSync(FILE, 'utf8');

/** Texts between double quotes in the first match of a pattern. */
function quoted(pattern: RegExp, of = text): string[] {
  const [, inside = ''] = pattern.exec(of) ?? [];
  return [...inside.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word);
}

const images = Object.fromEntries(
  [...(/^IMAGES = \{(.*?)^\}/ms.exec(text)?.[1] ?? '').matchAll(/"([^"]+)": "([^"]+)"/g)].map(
    ([, name = '', folder = '']) => [name, folder],
  ),
);
const helmCall = /k8s_yaml\(helm\((.*?)^\)\)/ms.exec(text)?.[1] ?? '';
let objects: readonly KubernetesObject[];

beforeAll(async () => {
  const values = quoted(/values = \[(.*?)\]/s, helmCall).map((file) => join(ROOT, file));
  objects = await render(values, quoted(/set = \[(.*?)\]/s, helmCall));
});

async function buildifier(...args: string[]): Promise<string> {
  const program = createRequire(import.meta.url).resolve('@bazel/buildifier/buildifier.js');
  return promisify(execFile)(process.execPath, [program, '--type=default', ...args]).then(
    () => '',
    (error: { stdout?: string; stderr?: string }) => `${error.stdout}${error.stderr}`,
  );
}

test('is Starlark, formatted and without warnings', async () => {
  expect(await buildifier('-mode=check', '-lint=warn', FILE)).toBe('');
});

test('a mistake would be seen', async () => {
  expect(await buildifier('-mode=check', '-lint=warn', join(ROOT, 'Dockerfile'))).toContain('syntax error');
});

test('no cluster but kind’s, and the chart alone', () => {
  expect(quoted(/allow_k8s_contexts\((.*?)\)/)).toEqual(['kind-zoco']);
  expect(text).not.toContain('k8s_context()');
  expect(helmCall).toContain('"charts/zoco"');
  expect([...text.matchAll(/k8s_yaml\(/g)]).toHaveLength(2);
});

describe('what it builds', () => {
  test('is what the chart runs', () => {
    const built = Object.keys(images).map((name) => `zoco/${name}`);
    const run = workloads(objects).flatMap(({ containers }) => containers.map(({ image }) => image));
    const ours = new Set(
      run.filter((image) => image.startsWith('zoco/')).map((image) => image.replace(/:.*/, '')),
    );
    expect([...ours].toSorted()).toEqual(built.toSorted());
  });

  test('comes from folders that are there', () => {
    const named = [
      ...Object.values(images),
      ...quoted(/MANIFESTS = \[(.*?)\]/s),
      ...quoted(/only = MANIFESTS \+ \[(.*?)\]/s),
    ];
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const [, from = '', to = ''] of text.matchAll(/sync\("(\w+)", "([^"]+)"\)/g))
      expect(to).toBe(`/repo/${from}`);
  });
});

test('groups every pod of the chart, and nothing that is not there', () => {
  const grouped = [
    ...Object.keys(images),
    ...[...text.matchAll(/for name in \[(.*?)\]:/g)].flatMap(([, list = '']) => quoted(/(.*)/, list)),
    ...[...text.matchAll(/RELEASE \+ "-([\w-]+)"/g)].map(([, name = '']) => name),
  ].map((name) => `zoco-${name}`);
  expect([...new Set(grouped)].toSorted()).toEqual(
    workloads(objects)
      .map(({ name }) => name)
      .toSorted(),
  );
});

test('its Secrets are made once, by a script and not by each render', () => {
  expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  const scripts = [...text.matchAll(/"(k8s\/[\w./-]+)"/g)].map(([, path = '']) => path);
  expect(scripts).toContain('k8s/kind/dev-secrets.sh');
  expect(scripts.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
