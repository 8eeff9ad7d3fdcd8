import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** The program that renders the API reference, compressed once and kept from then on. */
export type LoadViewer = () => Promise<Buffer>;

const compress = promisify(gzip);

/** Beside the bundle, where the build has copied it; from its package while the source runs. */
function viewerFile(): URL {
  const bundled = new URL('./docs/viewer.js', import.meta.url);
  if (existsSync(bundled)) return bundled;
  return new URL('browser/standalone.js', import.meta.resolve('@scalar/api-reference'));
}

export function createViewerLoader(): LoadViewer {
  let viewer: Promise<Buffer> | undefined;
  return () => (viewer ??= readFile(viewerFile()).then((source) => compress(source)));
}
