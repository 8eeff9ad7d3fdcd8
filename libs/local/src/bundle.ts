import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build, type OutputFile } from 'esbuild';
import { z } from 'zod';

// Run by a service's build script, in the service's folder: bundles src/main.ts, src/migrate.ts and the further
// entries of package.json to dist/. Unbundled, Node reads hundreds of files and parses drizzle-orm's 179 kB
// package.json for each of its own: three times the memory, five times the start-up time.

const Manifest = z.object({
  zoco: z
    .strictObject({
      /** Further programs beside src/main.ts and src/migrate.ts. */
      entries: z.array(z.string()).default([]),
      /** Files and folders to copy: source → place in dist/. */
      assets: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
});

const USUAL_ENTRIES = ['src/main.ts', 'src/migrate.ts'];

// Machine code cannot be bundled; these packages are installed beside the bundle.
const NATIVE_PACKAGES = ['@node-rs/*'];

// CommonJS inside an ES module bundle still asks for these.
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('');

async function bundle(serviceDir: string): Promise<void> {
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(serviceDir, 'package.json'), 'utf8')));
  const { entries, assets } = manifest.zoco;
  const outdir = join(serviceDir, 'dist');
  const { outputFiles } = await build({
    entryPoints: [...USUAL_ENTRIES.filter((entry) => existsSync(join(serviceDir, entry))), ...entries],
    absWorkingDir: serviceDir,
    outdir,
    outbase: 'src',
    entryNames: '[name]',
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: BANNER },
    external: NATIVE_PACKAGES,
    logLevel: 'warning',
    write: false,
  });
  mkdirSync(outdir, { recursive: true });
  for (const [from, to] of Object.entries(assets)) {
    cpSync(join(serviceDir, from), join(outdir, to), { recursive: true, dereference: true });
  }
  replaceFiles(outdir, outputFiles, Object.values(assets));
  const javascript = outputFiles.filter((file) => file.path.endsWith('.js'));
  const kilobytes = Math.round(javascript.reduce((sum, file) => sum + file.contents.length, 0) / 1024);
  console.log(
    `${basename(serviceDir)}: ${relative(serviceDir, outdir)}/ ${kilobytes} kB in ${javascript.length} files`,
  );
}

/** File by file through a rename, so that a service which restarts in this moment never reads half a bundle. */
function replaceFiles(outdir: string, files: readonly OutputFile[], assets: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(file.path), { recursive: true });
    writeFileSync(`${file.path}.new`, file.contents);
    renameSync(`${file.path}.new`, file.path);
  }
  const kept = new Set([
    ...files.map((file) => basename(file.path)),
    ...assets.map((to) => to.split('/')[0]),
  ]);
  for (const name of readdirSync(outdir)) {
    if (!kept.has(name)) rmSync(join(outdir, name), { recursive: true });
  }
}

try {
  await bundle(process.cwd());
} catch (error) {
  // esbuild has already printed its own faults, with the place in the source.
  if (!(error instanceof Error && 'errors' in error)) console.error(error);
  process.exitCode = 1;
}
