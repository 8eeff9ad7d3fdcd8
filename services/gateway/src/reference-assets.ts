import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** A file of the reference, packed when it is first asked for and kept from then on. */
export type LoadPacked = () => Promise<PackedFile>;

export interface PackedFile {
  /** By gzip. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

const compress = promisify(gzip);

/** @param read gives the file as it is */
export function packedOnce(read: () => Promise<string | Buffer>): LoadPacked {
  let packed: Promise<PackedFile> | undefined;
  async function pack(): Promise<PackedFile> {
    const content = await read();
    const etag = `"${createHash('sha256').update(content).digest('base64url')}"`;
    return { bytes: new Uint8Array(await compress(content)), etag };
  }
  return () => (packed ??= pack());
}

/** The merged OpenAPI document as JSON. It is a file, since what is part of a bundle stays in memory for ever. */
export function readDocument(): Promise<string> {
  return readFile(built('docs/openapi.json') ?? new URL('../openapi.json', import.meta.url), 'utf8');
}

/** The program that renders the API reference. */
export function readViewer(): Promise<Buffer> {
  const source = () => new URL('browser/standalone.js', import.meta.resolve('@scalar/api-reference'));
  return readFile(built('docs/viewer.js') ?? source());
}

/** A file beside the bundle, where the build copies it; undefined while the source runs. */
function built(path: string): URL | undefined {
  const file = new URL(path, import.meta.url);
  return existsSync(file) ? file : undefined;
}
