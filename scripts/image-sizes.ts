import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGES, measureTree, writeImageTree } from './image-tree.ts';

// `node scripts/image-sizes.ts` writes the table of what images add to their base into k8s/README.md.

const PAGE = join(import.meta.dirname, '../k8s/README.md');
const BLOCK = /(<!-- sizes: begin -->\n)([\s\S]*?)(<!-- sizes: end -->)/;

/** Megabytes by image, as the page says. */
export function toldSizes(): Record<string, number> {
  const [, , table = ''] = BLOCK.exec(readFileSync(PAGE, 'utf8')) ?? [];
  const rows = [...table.matchAll(/^\| `zoco\/([\w-]+)` +\| +\d+ +\| +([\d.]+) +\|$/gm)];
  return Object.fromEntries(rows.map(([, name = '', megabytes = '']) => [name, Number(megabytes)]));
}

async function writeTable(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-sizes-'));
  const rows: string[] = [];
  try {
    for (const name of Object.keys(IMAGES)) {
      await writeImageTree(name, join(dir, name));
      const { files, bytes } = measureTree(join(dir, name));
      rows.push(
        `| ${`\`zoco/${name}\``.padEnd(21)} | ${String(files).padStart(5)} | ${(bytes / 1e6).toFixed(1).padStart(4)} |`,
      );
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  const head = ['| image                 | files |   MB |', '| --------------------- | ----: | ---: |'];
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(BLOCK, (_all, begin, _old, end) => `${begin}\n${[...head, ...rows].join('\n')}\n\n${end}`),
  );
}

if (import.meta.main) await writeTable();
