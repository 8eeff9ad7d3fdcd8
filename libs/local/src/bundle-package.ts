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
import { basename, dirname, join } from 'node:path';
import { build, type OutputFile } from 'esbuild';
import { z } from 'zod';

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

export interface BundleOptions {
  /** Folder of the package. */
  readonly packageDir: string;
  /** Where the programs go; what lies there and is no part of them is deleted. */
  readonly outdir: string;
  /** Writes `*.js.map` beside each file. */
  readonly sourceMaps: boolean;
}

/**
 * Bundles src/main.ts, src/migrate.ts and the further entries of package.json. Unbundled, Node reads hundreds of files
 * and parses drizzle-orm's 179 kB package.json for each of its own: three times the memory, five times the start-up time.
 * @returns how large it became
 * @throws esbuild's BuildFailure, which it has already printed with the place in the source
 */
export async function bundlePackage(options: BundleOptions): Promise<{ bytes: number; files: number }> {
  const { packageDir, outdir } = options;
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')));
  const { entries, assets } = manifest.zoco;
  const { outputFiles } = await build({
    entryPoints: [...USUAL_ENTRIES.filter((entry) => existsSync(join(packageDir, entry))), ...entries],
    absWorkingDir: packageDir,
    outdir,
    outbase: 'src',
    entryNames: '[name]',
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${Number.parseInt(process.versions.node, 10)}`,
    minify: true,
    sourcemap: options.sourceMaps ? 'linked' : false,
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: BANNER },
    external: NATIVE_PACKAGES,
    logLevel: 'warning',
    write: false,
  });
  mkdirSync(outdir, { recursive: true });
  for (const [from, to] of Object.entries(assets)) {
    cpSync(join(packageDir, from), join(outdir, to), { recursive: true, dereference: true });
  }
  replaceFiles(outdir, outputFiles, Object.values(assets));
  const javascript = outputFiles.filter((file) => file.path.endsWith('.js'));
  return {
    bytes: javascript.reduce((sum, file) => sum + file.contents.length, 0),
    files: javascript.length,
  };
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
