import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@zoco/local';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { find, type KubernetesObject, ofKind, render } from '../render.ts';

// Skaffold itself is not here: its file is held against its published schema, and what it would give Helm is rendered.

const SCHEMA = join(ROOT, '../shared/schemas/skaffold-v4beta13.json');

const Artifact = z.looseObject({
  image: z.string(),
  docker: z.looseObject({
    dockerfile: z.literal('Dockerfile'),
    target: z.string().optional(),
    buildArgs: z.object({ SERVICE: z.string() }),
  }),
  sync: z.object({ manual: z.array(z.object({ src: z.string(), dest: z.string() })) }).optional(),
});
const Release = z.looseObject({
  name: z.string(),
  chartPath: z.string(),
  namespace: z.string(),
  valuesFiles: z.array(z.string()).default([]),
  setValueTemplates: z.record(z.string(), z.string()),
});
const Flags = z.object({ install: z.array(z.string()), upgrade: z.array(z.string()) });
const Part = z.looseObject({
  build: z.looseObject({ artifacts: z.array(Artifact).optional() }).optional(),
  deploy: z
    .object({ helm: z.object({ releases: z.array(Release).optional(), flags: Flags.optional() }) })
    .optional(),
});
const Config = Part.extend({ profiles: z.array(Part.extend({ name: z.string() })) });

const document: unknown = parse(readFileSync(join(ROOT, 'skaffold.yaml'), 'utf8'), { merge: true });
const config = Config.parse(document);
const images = [
  'gateway',
  'users',
  'catalog',
  'cart',
  'orders',
  'payments',
  'invoicing',
  'stripe-sandbox',
  'cli',
];

function profile(name: string): z.infer<typeof Part> {
  const found = config.profiles.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no profile ${name}`);
  return found;
}

/** What the release of a profile is made of, and the flags of those that come with it. */
function release(name: string): z.infer<typeof Release> {
  const [found] = profile(name).deploy?.helm.releases ?? config.deploy?.helm.releases ?? [];
  if (found === undefined) throw new Error(`no release in ${name}`);
  return found;
}

/** Renders as Skaffold would, with the names and tags of images that it fills in. */
function renderProfile(name: string, also: readonly string[] = []): Promise<readonly KubernetesObject[]> {
  const { valuesFiles, setValueTemplates } = release(name);
  const sets = Object.entries(setValueTemplates).map(([key, template]) => {
    const value = template
      .replace(/\{\{\.IMAGE_REPO_(\w+)\}\}/, (_, image: string) => `built/${image}`)
      .replace(/\{\{\.IMAGE_TAG_(\w+)\}\}/, (_, image: string) => `of-${image}`)
      .replace(
        /\{\{\.(ZOCO_\w+)\}\}/,
        (_, variable: string) => `${variable.toLowerCase().replaceAll('_', '-')}.example`,
      );
    expect(value, `${key}: a template that Skaffold does not fill in`).not.toContain('{{');
    return `${key}=${value}`;
  });
  const flags = also.flatMap((other) => profile(other).deploy?.helm.flags?.install ?? []);
  const files = valuesFiles.map((file) => join(ROOT, file));
  return render(files, [...sets, ...flags.map((flag) => flag.replace(/^--set=/, ''))]);
}

const Pods = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string() })) }),
    }),
  }),
});

test.skipIf(!existsSync(SCHEMA))(
  'keeps to the schema of its version (skipped where the schema is not at hand)',
  () => {
    const ajv = new Ajv({ strict: false, logger: false });
    const validate = ajv.compile(
      z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(SCHEMA, 'utf8'))),
    );
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(z.object({ apiVersion: z.string() }).parse(document).apiVersion).toBe('skaffold/v4beta13');
    // A schema that takes anything would take this too.
    expect(validate({ ...Object(document), deploi: {} })).toBe(false);
  },
);

describe.each(['base', 'dev'])('the images of %s', (name) => {
  const artifacts = (name === 'base' ? config : profile(name)).build?.artifacts ?? [];

  test('are all that there are, each of its own service', () => {
    expect(artifacts.map(({ image }) => image)).toEqual(images.map((image) => `zoco/${image}`));
    for (const { image, docker } of artifacts) expect(image).toBe(`zoco/${docker.buildArgs.SERVICE}`);
  });

  test('sync every source that a build reads, into images that can take it', () => {
    const synced = artifacts.filter(({ docker }) => docker.target === 'dev');
    expect(synced).toHaveLength(name === 'dev' ? 8 : 0);
    const sources = globSync('{libs,services}/*/src/**/*.ts', { cwd: ROOT }).filter(
      (file) => !file.endsWith('.test.ts'),
    );
    for (const { sync } of synced) {
      const globs = sync?.manual.map(({ src }) => src) ?? [];
      const missed = sources.filter(
        (file) => !globs.some((glob) => file.startsWith(glob.replace('**/*.ts', ''))),
      );
      expect(missed).toEqual([]);
      expect(new Set(sync?.manual.map(({ dest }) => dest))).toEqual(new Set(['/repo']));
    }
  });
});

describe.each(['base', 'dev', 'kind', 'eks'])('the release of %s', (name) => {
  test('runs the images that were built, of this chart alone', async () => {
    const { chartPath } = release(name === 'base' ? 'linkerd' : name);
    expect(chartPath).toBe('charts/zoco');
    const objects = await renderProfile(name === 'base' ? 'linkerd' : name);
    const deployments = ofKind(objects, 'Deployment');
    const built = deployments.flatMap((object) =>
      Pods.parse(object).spec.template.spec.containers.map(({ image }) => image),
    );
    expect(built.map((image) => image.replace(/^built\/|:.*/g, ''))).toEqual(
      deployments.map(({ metadata }) => metadata.name.replaceAll('-', '_')),
    );
    expect(built.length).toBeGreaterThanOrEqual(7);
    for (const image of built) expect(image).toMatch(/^built\/(zoco_\w+):of-\1$/);
    const smoke = z
      .looseObject({
        spec: z.object({ containers: z.tuple([z.looseObject({ image: z.string() })]) }).loose(),
      })
      .parse(find(objects, 'Pod', 'zoco-smoke'));
    expect(smoke.spec.containers[0].image).toBe('built/zoco_cli:of-zoco_cli');
  });
});

test.each(['linkerd', 'istio'])('%s comes on top of kind', async (mesh) => {
  const plain = await renderProfile('kind');
  const meshed = await renderProfile('kind', [mesh]);
  const ours = (objects: readonly KubernetesObject[]) =>
    objects.filter(({ apiVersion }) => apiVersion.includes(mesh)).length;
  expect(ours(plain)).toBe(0);
  expect(ours(meshed)).toBeGreaterThan(5);
  expect(profile(mesh).deploy?.helm.flags?.upgrade).toEqual(profile(mesh).deploy?.helm.flags?.install);
});

test('dev may write where sources are synced to, and only dev', async () => {
  for (const [name, readOnly] of [
    ['dev', false],
    ['kind', true],
  ] as const) {
    const orders = Pods.parse(find(await renderProfile(name), 'Deployment', 'zoco-orders'));
    expect(orders.spec.template.spec.containers[0]).toMatchObject({
      securityContext: { readOnlyRootFilesystem: readOnly },
    });
  }
});
