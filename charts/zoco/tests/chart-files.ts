import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@zoco/local';

export const CHART = join(ROOT, 'charts/zoco');

const NOT_INSTALLED = new Set(['tests', 'node_modules']);

/** Every file that an installation reads, relative to the chart; sorted. */
export function chartFiles(dir = ''): string[] {
  return readdirSync(join(CHART, dir), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return NOT_INSTALLED.has(path) ? [] : chartFiles(path);
      return [path];
    })
    .toSorted();
}

/** Changes with every change of the chart. */
export function chartDigest(): string {
  const hash = createHash('sha256');
  for (const file of chartFiles()) hash.update(`${file}\0`).update(readFileSync(join(CHART, file)));
  return hash.digest('hex');
}
