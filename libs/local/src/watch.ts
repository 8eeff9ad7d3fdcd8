import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SERVICES, type ServiceName } from '@zoco/contracts';
import { buildServices } from './build.ts';
import { migrateDatabases } from './databases.ts';
import type { RunningSystem } from './running-system.ts';
import { aborted } from './stop-signals.ts';
import { watchTree } from './watch-tree.ts';

export interface WatchOptions {
  readonly root: string;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

// Editors write a file in several steps, and people save several files at once.
const SETTLE_MS = 150;

/** Rebuilds when source changes, and restarts the services whose bundles came out different; ends with the signal. */
export async function watchSources(system: RunningSystem, options: WatchOptions): Promise<void> {
  const digests = new Map(system.services.map((name) => [name, bundleDigest(options.root, name)]));
  let dirty = false;
  let rebuilding = Promise.resolve();
  const onChange = () => {
    if (dirty) return;
    dirty = true;
    rebuilding = rebuilding.then(async () => {
      await delay(SETTLE_MS);
      dirty = false;
      await rebuild(system, options, digests);
    });
  };
  for (const folder of ['libs', 'services']) {
    watchTree(join(options.root, folder), entersFolder, options.signal, (path) => {
      if (isSource(path)) onChange();
    });
  }
  options.onLine('watching libs/ and services/ for changes');
  await aborted(options.signal);
  await rebuilding;
}

function entersFolder(name: string): boolean {
  return !['node_modules', 'dist', '.turbo'].includes(name);
}

/** True for files that go into a bundle or a schema. */
export function isSource(path: string): boolean {
  if (path.endsWith('.test.ts')) return false;
  return (
    /\/src\/.*\.ts$/.test(path) || /\/migrations\/.*\.(sql|json)$/.test(path) || path.endsWith('package.json')
  );
}

async function rebuild(
  system: RunningSystem,
  { root, onLine, signal }: WatchOptions,
  digests: Map<ServiceName, string>,
): Promise<void> {
  if (signal.aborted) return;
  const startedMs = performance.now();
  try {
    await buildServices(root, signal);
    const changed = system.services.filter((name) => digests.get(name) !== bundleDigest(root, name));
    for (const name of changed) digests.set(name, bundleDigest(root, name));
    const owners = changed.filter((name) => SERVICES[name].database);
    await migrateDatabases(root, new Map(owners.map((name) => [name, system.databaseUrls(name)])));
    await Promise.all(changed.map((name) => system.restart(name)));
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    onLine(
      changed.length === 0
        ? 'rebuilt, nothing changed'
        : `rebuilt and restarted ${changed.join(', ')} in ${seconds} s`,
    );
  } catch (error) {
    if (!signal.aborted) onLine(error instanceof Error ? error.message : String(error));
  }
}

function bundleDigest(root: string, service: ServiceName): string {
  const folder = join(root, 'services', service, 'dist');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .toSorted()) {
    hash.update(name).update(readFileSync(join(folder, name)));
  }
  // A new migration changes the schema, not the bundle.
  for (const name of migrationNames(root, service)) hash.update(name);
  return hash.digest('hex');
}

function migrationNames(root: string, service: ServiceName): string[] {
  try {
    return readdirSync(join(root, 'services', service, 'migrations')).toSorted();
  } catch {
    return [];
  }
}
