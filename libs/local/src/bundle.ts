import { basename, join } from 'node:path';
import { bundlePackage } from './bundle-package.ts';

// The build script of every program: run in the package's folder, writes dist/.

const packageDir = process.cwd();

try {
  const { bytes, files } = await bundlePackage({
    packageDir,
    outdir: join(packageDir, 'dist'),
    sourceMaps: true,
  });
  console.log(`${basename(packageDir)}: dist/ ${Math.round(bytes / 1024)} kB in ${files} files`);
} catch (error) {
  // esbuild has already printed its own faults, with the place in the source.
  if (!(error instanceof Error && 'errors' in error)) console.error(error);
  process.exitCode = 1;
}
