import { execFile } from 'node:child_process';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '@zoco/local';
import { afterAll, describe, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'zoco-scripts-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// What the scripts take for granted on any machine.
const USUAL = ['dirname', 'date', 'cat', 'grep', 'git', 'base64', 'tr', 'sh'];
let folders = 0;

/** A PATH with the usual programs, and others that write down what they were called with and answer as told. */
function pathWith(programs: Readonly<Record<string, string>>): { path: string; calls: () => string[] } {
  const bin = join(dir, `bin-${(folders += 1)}`);
  mkdirSync(bin);
  for (const name of USUAL) {
    const found = ['/usr/bin', '/bin']
      .map((folder) => join(folder, name))
      .find((file) => globSync(file).length > 0);
    if (found !== undefined) symlinkSync(found, join(bin, name));
  }
  const log = join(bin, 'calls.log');
  for (const [name, answer] of Object.entries(programs)) {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> '${log}'\n${answer}\n`);
    chmodSync(file, 0o755);
  }
  const calls = () => (globSync(log).length === 0 ? [] : readFileSync(log, 'utf8').trimEnd().split('\n'));
  return { path: bin, calls };
}

async function sh(
  script: string,
  path: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
) {
  const done = promisify(execFile)('/bin/sh', [join(ROOT, script), ...args], { env: { PATH: path, ...env } });
  return done.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ ...error }),
  );
}

test.each(globSync('k8s/**/*.sh', { cwd: ROOT }))(
  '%s is a script of any sh, and can be run',
  async (file) => {
    await expect(promisify(execFile)('/bin/sh', ['-n', join(ROOT, file)])).resolves.toBeDefined();
    await expect(promisify(execFile)('test', ['-x', join(ROOT, file)])).resolves.toBeDefined();
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain('set -eu');
  },
);

describe('k8s/kind/up.sh', () => {
  const all = { docker: '', kind: '', kubectl: '', helm: '' };

  test.each(['docker', 'kind', 'kubectl', 'helm'])(
    'without %s: one sentence, and nothing is done',
    async (missing) => {
      const { [missing]: _, ...others } = all as Record<string, string>;
      const { path, calls } = pathWith(others);
      const { code, stderr } = await sh('k8s/kind/up.sh', path);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^${missing} is not installed: get .*https://[^\\n]*\\n$`));
      expect(calls()).toEqual([]);
    },
  );

  test('Docker that does not answer: one sentence', async () => {
    const { path } = pathWith({ ...all, docker: 'exit 1' });
    const { code, stderr } = await sh('k8s/kind/up.sh', path);
    expect([code, stderr]).toEqual([
      1,
      'Docker does not answer: start it, or give yourself the right to use it.\n',
    ]);
  });

  test('from nothing: cluster, namespace, every image built and loaded, chart', async () => {
    const { path, calls } = pathWith(all);
    const { code, stdout } = await sh('k8s/kind/up.sh', path, ['--set', 'global.mesh.provider=linkerd'], {
      NODE_IMAGE: 'mirror/node:26',
    });
    expect(code).toBe(0);
    expect(stdout).toContain('curl http://localhost:8080/health');
    const done = calls();
    expect(done.slice(0, 4)).toEqual([
      'docker info',
      'kind get clusters',
      'kind create cluster --config k8s/kind/cluster.yaml --wait 3m',
      'kubectl --context kind-zoco apply -f k8s/kind/namespace.yaml',
    ]);
    const builds = done.filter((call) => call.startsWith('docker build'));
    const tags = builds.map((call) => /--tag (\S+) \.$/.exec(call)?.[1]);
    expect(builds).toHaveLength(9);
    for (const build of builds) {
      const [, service, tagged] = /SERVICE=(\S+) .*--tag zoco\/([\w-]+):/.exec(build) ?? [];
      expect(tagged).toBe(service);
      expect(build).toContain('--build-arg NODE_IMAGE=mirror/node:26');
      expect(build).not.toContain('BUILD_IMAGE');
    }
    const loads = done.filter((call) => call.startsWith('kind load docker-image --name zoco'));
    expect(loads.map((call) => call.split(' ').at(-1))).toEqual(tags);
    const tag = tags[0]?.split(':')[1];
    expect(done.at(-1)).toBe(
      `helm upgrade zoco charts/zoco --install --kube-context kind-zoco --namespace zoco --values charts/zoco/values-kind.yaml --set global.image.tag=${tag} --wait --timeout 10m --set global.mesh.provider=linkerd`,
    );
  });

  test('a cluster that is there is used; --empty builds nothing', async () => {
    const { path, calls } = pathWith({ ...all, kind: 'echo zoco' });
    const { code } = await sh('k8s/kind/up.sh', path, ['--empty']);
    expect(code).toBe(0);
    expect(calls()).toEqual([
      'docker info',
      'kind get clusters',
      'kubectl --context kind-zoco apply -f k8s/kind/namespace.yaml',
    ]);
  });
});

test('k8s/kind/dev-secrets.sh leaves Secrets that are there alone', async () => {
  const there = pathWith({ kubectl: '', helm: '' });
  expect((await sh('k8s/kind/dev-secrets.sh', there.path)).stdout).toBe('The Secrets are there.\n');
  expect(there.calls().some((call) => call.startsWith('helm'))).toBe(false);
});

test('k8s/eks/make-secrets.sh needs to be told where Postgres is', async () => {
  const { code, stderr } = await sh('k8s/eks/make-secrets.sh', pathWith({}).path);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Say where Postgres is: /);
});
