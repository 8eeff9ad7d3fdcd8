import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { CHART } from './chart-files.ts';
import { GOLDEN, goldenText } from './golden.ts';
import { withValuesTables } from './values/values-table.ts';

test.each(GOLDEN)(
  '$valuesFiles renders what is committed; `npm run generate` writes it anew',
  async ({ file, valuesFiles }) => {
    expect(await goldenText(valuesFiles), basename(file)).toBe(readFileSync(file, 'utf8'));
  },
);

test('the tables of values in the README are those of the values files; `npm run generate` writes them anew', () => {
  const readme = readFileSync(join(CHART, 'README.md'), 'utf8');
  expect(withValuesTables(readme)).toBe(readme);
});
