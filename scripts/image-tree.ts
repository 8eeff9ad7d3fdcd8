import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SERVICE_NAMES } from '@zoco/contracts';
import { z } from 'zod';
import { bundlePackage } from '../libs/local/src/bundle-package.ts';

// `node scripts/image-tree.ts NAME FOLDER` makes exactly what an image holds below /app. The Dockerfile runs it, and so
// do the tests, which therefore start the same files that ship.

const ROOT = join(import.meta.dirname, '..');

/** What becomes an image, and the folder it comes from. */
export const IMAGES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(SERVICE_NAMES.map((name) => [name, `services/${name}`])),
  'stripe-sandbox': 'libs/stripe-sandbox',
  cli: 'libs/cli',
};

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
});
const NativePackage = z.object({ optionalDependencies: z.record(z.string(), z.string()).default({}) });

// As in the bundle: packages that hold machine code stay packages.
const NATIVE = /^@node-rs\//;
// Declarations, documentation and browser builds that npm packages carry along.
const UNUSED_IN_PACKAGES = /\.(?:ts|md|map|wasm)$|(?:^|\/)browser\.js$/;
// What drizzle-kit compares with to write the next migration; running them needs the journal alone.
const SNAPSHOT = /_snapshot\.json$/;

/**
 * Writes everything that the image of `name` holds below /app, and nothing else: bundle, assets, native modules for
 * the machine (and libc) this runs on, migrations, licence.
 * @param out a folder, emptied first
 * @throws Error for a name that is none, or native modules that are not installed for this machine
 */
export async function writeImageTree(name: string, out: string): Promise<void> {
  const folder = IMAGES[name];
  if (folder === undefined)
    throw new Error(`There is no image '${name}': take ${Object.keys(IMAGES).join(', ')}.`);
  const packageDir = join(ROOT, folder);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await bundlePackage({ packageDir, outdir: join(out, 'dist'), sourceMaps: false });
  for (const native of nativePackages(packageDir)) copyPackage(native, out);
  const migrations = join(packageDir, 'migrations');
  if (existsSync(migrations)) {
    cpSync(migrations, join(out, 'migrations'), { recursive: true, filter: (path) => !SNAPSHOT.test(path) });
  }
  const { name: packageName, version, license } = readManifest(packageDir);
  // Tells Node that dist/ holds ES modules.
  writeFileSync(
    join(out, 'package.json'),
    `${JSON.stringify({ name: packageName, version, license, type: 'module' })}\n`,
  );
  copyFileSync(join(ROOT, 'LICENSE'), join(out, 'LICENSE'));
  openToAll(out);
}

/** Files and bytes of a tree. */
export function measureTree(dir: string): { files: number; bytes: number } {
  const sizes = filesOf(dir).map((path) => statSync(join(dir, path)).size);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Paths of all files below `dir`, relative to it. */
export function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted();
}

/** Native packages that a package needs itself or through our libraries. */
function nativePackages(packageDir: string): string[] {
  const { dependencies } = readManifest(packageDir);
  return Object.keys(dependencies).flatMap((dependency) => {
    if (NATIVE.test(dependency)) return [dependency];
    const ours = /^@zoco\/(.+)$/.exec(dependency)?.[1];
    return ours === undefined ? [] : nativePackages(join(ROOT, 'libs', ours));
  });
}

/** Copies a native package with the build for this machine, which npm has chosen among its optional dependencies. */
function copyPackage(name: string, out: string): void {
  const { optionalDependencies } = NativePackage.parse(readJson(join(installed(name), 'package.json')));
  const builds = Object.keys(optionalDependencies).filter((build) => existsSync(installed(build)));
  if (builds.length === 0) throw new Error(`${name} is not installed for this machine: run npm ci again.`);
  for (const copied of [name, ...builds]) {
    cpSync(installed(copied), join(out, 'node_modules', copied), {
      recursive: true,
      filter: (path) => !UNUSED_IN_PACKAGES.test(path),
    });
  }
}

function installed(name: string): string {
  return join(ROOT, 'node_modules', name);
}

function readManifest(packageDir: string): z.infer<typeof Manifest> {
  return Manifest.parse(readJson(join(packageDir, 'package.json')));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** A checkout may be closed to all but its owner, and the user of the container is another one. */
function openToAll(out: string): void {
  for (const path of filesOf(out)) {
    chmodSync(join(out, path), 0o644);
    for (let dir = dirname(join(out, path)); dir.length >= out.length; dir = dirname(dir))
      chmodSync(dir, 0o755);
  }
}

if (import.meta.main) {
  const [name, out] = process.argv.slice(2);
  if (name === undefined || out === undefined) {
    console.error(
      `node scripts/image-tree.ts NAME FOLDER, with NAME one of ${Object.keys(IMAGES).join(', ')}`,
    );
    process.exitCode = 2;
  } else {
    await writeImageTree(name, out);
    const { files, bytes } = measureTree(out);
    console.log(`${name}: ${files} files, ${(bytes / 1e6).toFixed(2)} MB in ${out}`);
  }
}
