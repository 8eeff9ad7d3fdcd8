import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@zoco/local';
import { CHART, chartDigest } from './chart-files.ts';

// Test files do not share memory, and many of them look at the same renders.
const CACHE = join(ROOT, 'node_modules/.cache/zoco-renders');

/** What was made before of this chart with these arguments, or else what `make` makes now. */
export async function kept(
  args: string,
  valuesFiles: readonly string[],
  make: () => Promise<string>,
): Promise<string> {
  const chart = chartDigest();
  const inputs = createHash('sha256').update(args);
  for (const file of valuesFiles)
    inputs.update(readFileSync(file.startsWith('/') ? file : join(CHART, file)));
  const file = join(CACHE, chart, inputs.digest('hex'));
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const text = await make();
    keep(chart, file, text);
    return text;
  }
}

function keep(chart: string, file: string, text: string): void {
  try {
    mkdirSync(join(CACHE, chart), { recursive: true });
    for (const other of readdirSync(CACHE)) {
      if (other !== chart) rmSync(join(CACHE, other), { recursive: true, force: true });
    }
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Somebody else clears up at the same time, after a change of the chart: it is a cache, the next one writes it.
  }
}
