import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundlePackage } from '../libs/local/src/bundle-package.ts';
import { watchTree } from '../libs/local/src/watch-tree.ts';
import { IMAGES } from './image-tree.ts';

// What runs in the pods of `skaffold dev` and `tilt up`: the program of the image, bundled anew and started again
// whenever a source file that was synced into the pod has changed. `SERVICE` names it.

const ROOT = join(import.meta.dirname, '..');
const OUT = process.env['ZOCO_DEV_DIR'] ?? '/app';
// Editors and syncs write many files in a moment.
const SETTLE_MS = 200;

const name = process.env['SERVICE'] ?? '';
const folder = IMAGES[name];
if (folder === undefined)
  throw new Error(`SERVICE is '${name}': it is one of ${Object.keys(IMAGES).join(', ')}.`);
const packageDir = join(ROOT, folder);

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

let changed = Promise.withResolvers<void>();
const onFile = (path: string) => {
  if (path.endsWith('.ts') || path.endsWith('.json') || path.endsWith('.sql')) changed.resolve();
};
const enters = (entry: string) => !['node_modules', 'dist', '.turbo'].includes(entry);
for (const dir of new Set([packageDir, join(ROOT, 'libs')])) watchTree(dir, enters, stop.signal, onFile);
stop.signal.addEventListener('abort', () => changed.resolve());

while (!stop.signal.aborted) {
  changed = Promise.withResolvers<void>();
  const child = (await isBundled()) ? start() : undefined;
  await changed.promise;
  await end(child);
  if (!stop.signal.aborted) await delay(SETTLE_MS);
}

/** A mistake in the source is printed and waits for its correction: a container that ended would forget all syncs. */
async function isBundled(): Promise<boolean> {
  try {
    await bundlePackage({ packageDir, outdir: join(OUT, 'dist'), sourceMaps: true });
    return true;
  } catch {
    return false;
  }
}

function start(): ChildProcess {
  return spawn(process.execPath, ['--enable-source-maps', join(OUT, 'dist/main.js')], { stdio: 'inherit' });
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGTERM');
  await promise;
}
