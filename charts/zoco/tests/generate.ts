import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART } from './chart-files.ts';
import { GOLDEN, goldenText } from './golden.ts';
import { withValuesTables } from './values/values-table.ts';

const readme = join(CHART, 'README.md');
writeFileSync(readme, withValuesTables(readFileSync(readme, 'utf8')));
for (const { file, valuesFiles } of GOLDEN) writeFileSync(file, await goldenText(valuesFiles));
