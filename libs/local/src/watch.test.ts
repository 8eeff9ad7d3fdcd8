import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSource } from './watch.ts';
import { watchTree } from './watch-tree.ts';

test.each([
  ['catalog/src/main.ts', true],
  ['catalog/src/rules/price.ts', true],
  ['catalog/migrations/0001_more.sql', true],
  ['catalog/package.json', true],
  ['catalog/src/rules/price.test.ts', false],
  ['catalog/dist/main.js', false],
  ['catalog/.turbo/turbo-build.log', false],
  ['catalog/README.md', false],
])('a change of %s is one of the source: %s', (path, expected) => {
  expect(isSource(path)).toBe(expected);
});

// A busy machine delivers events late.
const PATIENT = { timeout: 30_000 };

test('a file is followed through replacements, and so are folders made later', async () => {
  const root = mkdtempSync(join(tmpdir(), 'zoco-watch-'));
  const stop = new AbortController();
  const seen: string[] = [];
  const file = join(root, 'src/main.ts');
  try {
    for (const folder of ['src', 'dist']) mkdirSync(join(root, folder));
    writeFileSync(file, 'one');
    watchTree(
      root,
      (name) => name !== 'dist',
      stop.signal,
      (path) => seen.push(path),
    );
    const changes = async (change: () => void, path: string) => {
      seen.length = 0;
      change();
      await expect.poll(() => seen, PATIENT).toContain(path);
    };
    writeFileSync(join(root, 'dist/main.js'), 'two');
    await changes(() => appendFileSync(file, 'two'), 'src/main.ts');
    expect(seen).not.toContain('dist/main.js');
    writeFileSync(join(root, 'src/main.ts.new'), 'three');
    await changes(() => renameSync(join(root, 'src/main.ts.new'), file), 'src/main.ts');
    await changes(() => appendFileSync(file, 'four'), 'src/main.ts');
    mkdirSync(join(root, 'src/rules'));
    await expect
      .poll(() => {
        writeFileSync(join(root, 'src/rules/price.ts'), String(seen.length));
        return seen;
      }, PATIENT)
      .toContain('src/rules/price.ts');
  } finally {
    stop.abort();
    rmSync(root, { recursive: true });
  }
});
