import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from '@zoco/local';
import { parse } from 'yaml';
import { z } from 'zod';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const RuleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ alert: z.string().optional(), record: z.string().optional(), expr: z.string() }),
      ),
    }),
  ),
});

const RULE_FILES = 'charts/zoco/alerts/*.yaml';

/** Every rule of the chart as it is. */
export function alertRules(): z.infer<typeof RuleFile>['groups'][number]['rules'] {
  return globSync(RULE_FILES, { cwd: ROOT }).flatMap((file) =>
    RuleFile.parse(parse(readFileSync(join(ROOT, file), 'utf8'))).groups.flatMap(({ rules }) => rules),
  );
}

/** Five minutes become ten seconds. */
const FASTER = 30;
const SECONDS_MIN = 3;

/**
 * Copies the chart's rules with shorter windows, because nobody waits an hour for a test: ranges are a thirtieth, and
 * nothing has to last (`for`). Expressions and limits stay as they are, and so does the window in which deaths are counted,
 * because dying takes its time.
 */
export function writeQuickRules(folder: string): string {
  for (const file of globSync(RULE_FILES, { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, file), 'utf8')
      .replaceAll(
        /(?<!changes\([^[]*)\[(\d+)([smhd])\]/g,
        (_match, amount: string, unit: string) => `[${quicker(amount, unit)}]`,
      )
      .replaceAll(/^( +)for: \w+$/gm, '$1for: 0s');
    writeFileSync(join(folder, basename(file)), text);
  }
  return join(folder, '*.yaml');
}

function quicker(amount: string, unit: string): string {
  return `${Math.max(SECONDS_MIN, Math.round((Number(amount) * z.number().parse(SECONDS[unit])) / FASTER))}s`;
}
