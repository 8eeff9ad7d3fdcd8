import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentOf, parseDockerfile } from './containers/dockerfile.ts';
import { isIgnored, readIgnoreFile } from './containers/dockerignore.ts';
import { IMAGES } from './image-tree.ts';

const ROOT = join(import.meta.dirname, '..');
const { args, stages } = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
const byName = new Map(stages.map((stage) => [stage.name, stage]));
const image = stages.at(-1);
const words = (word: string) =>
  image?.instructions.filter((one) => one.word === word).map(({ rest }) => rest) ?? [];

describe('the image', () => {
  test('is built on bases that can be replaced, none of them "latest"', () => {
    const bases = stages.map(({ base }) => base).filter((base) => !byName.has(base));
    expect(new Set(bases)).toEqual(new Set(['${BUILD_IMAGE}', '${NODE_IMAGE}']));
    expect(image?.base).toBe('${NODE_IMAGE}');
    for (const base of Object.values(args)) expect(base).toMatch(/^[\w./-]+:(?!latest)[\w.-]+$/);
  });

  test('has the Node that everything is tested with', () => {
    const major = String(Number.parseInt(process.versions.node, 10));
    expect(args['BUILD_IMAGE']).toMatch(new RegExp(`^node:${major}-`));
    expect(args['NODE_IMAGE']).toMatch(new RegExp(`/nodejs${major}-`));
  });

  test('runs as a user that has a number and is not root, by a program and not a shell', () => {
    expect(words('USER')).toEqual(['10001:10001']);
    expect(words('ENTRYPOINT').map((json) => JSON.parse(json) as unknown)).toEqual([
      ['node', '/app/dist/main.js'],
    ]);
    expect(words('RUN')).toEqual([]);
    expect(words('CMD')).toEqual([]);
    expect(words('ADD')).toEqual([]);
  });

  test('takes one folder from the build and nothing else', () => {
    expect(words('COPY')).toEqual(['--from=build /out/ ./']);
    const build = byName
      .get('build')
      ?.instructions.find(({ word, rest }) => word === 'RUN' && rest.includes('/out'));
    expect(build?.rest).toBe('node scripts/image-tree.ts "${SERVICE}" /out');
  });

  test('listens to the whole pod on the ports of the chart, and finds Node in any base', () => {
    const environment = environmentOf(image ?? { name: '', base: '', instructions: [] });
    expect(environment).toMatchObject({ HOST: '0.0.0.0', PORT: '8080', NODE_ENV: 'production' });
    expect(environment['PATH']?.split(':')).toEqual(
      expect.arrayContaining(['/nodejs/bin', '/usr/local/bin', '/usr/bin']),
    );
  });

  test('says what it is, of which revision and when', () => {
    const labels = words('LABEL').join(' ');
    for (const name of ['title', 'version', 'revision', 'created', 'source', 'licenses'])
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
    // An argument of another stage would be empty here.
    const used = [...labels.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
    const declared = words('ARG').map((rest) => rest.replace(/=.*/, ''));
    expect(used.filter((name) => !declared.includes(name))).toEqual([]);
  });
});

test('installs before sources come, without running anybody’s scripts, and with a cache', () => {
  const [copy, run] = byName.get('dependencies')?.instructions.filter(({ word }) => word !== 'WORKDIR') ?? [];
  expect(copy?.rest).toBe('--from=manifests /manifests ./');
  expect(run?.rest).toMatch(/^--mount=type=cache,target=\/root\/\.npm npm ci --ignore-scripts /);
});

describe('the build context', () => {
  const rules = readIgnoreFile(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));

  test('holds what npm and the bundles read', () => {
    const Lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    const workspaces = Object.keys(Lock.packages).filter(
      (path) => path !== '' && !path.includes('node_modules/'),
    );
    const needed = [
      'package.json',
      'package-lock.json',
      'LICENSE',
      'scripts/image-tree.ts',
      'scripts/dev-serve.ts',
      ...workspaces.map((path) => `${path}/package.json`),
      ...globSync('{libs,services}/*/src/**/*.{ts,json}', { cwd: ROOT }).filter(
        (path) => !path.endsWith('.test.ts'),
      ),
      ...Object.values(IMAGES).flatMap((folder) =>
        globSync(`${folder}/migrations/**/{*.sql,_journal.json,tenancy.json}`, { cwd: ROOT }),
      ),
      'services/gateway/openapi.json',
    ];
    expect(needed.length).toBeGreaterThan(300);
    expect(needed.filter((path) => isIgnored(rules, path))).toEqual([]);
  });

  test.each([
    '.git/config',
    '.zoco/secrets.json',
    '.env',
    'libs/local/.env.local',
    'node_modules/x/index.js',
    'services/orders/node_modules/x/index.js',
    'services/orders/dist/main.js',
    'services/orders/src/rules/order.test.ts',
    'docs/architecture.md',
    'charts/zoco/values.yaml',
    'e2e/src/api.ts',
    'rds.pem',
    'Dockerfile',
  ])('leaves %s out', (path) => {
    expect(isIgnored(rules, path)).toBe(true);
  });
});
