import { join } from 'node:path';
import { CHART } from '../chart-files.ts';
import { readValues, type Value } from './read-values.ts';

const BEGIN = '<!-- generated from the values files by `npm run generate`: begin -->';
const END = '<!-- generated: end -->';

const CHARTS = [
  { title: 'The product', folder: '' },
  {
    title:
      'A service (`gateway`, `users`, `catalog`, `cart`, `orders`, `payments`, `invoicing`, `stripeSandbox`)',
    folder: 'charts/service',
  },
  { title: 'Postgres (`postgres`)', folder: 'charts/postgres' },
  { title: 'NATS (`nats`)', folder: 'charts/nats' },
];

/** The README with its tables of values as the values files have them now. */
export function withValuesTables(readme: string): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error('charts/zoco/README.md has lost its generated part.');
  const tables = CHARTS.map(
    ({ title, folder }) => `### ${title}\n\n${table(join(CHART, folder, 'values.yaml'))}`,
  );
  return [before, BEGIN, '\n\n', tables.join('\n\n'), '\n\n', END, after].join('');
}

/** Columns as wide as their widest cell, as the formatter of the repository writes them. */
function table(file: string): string {
  const rows = [['value', 'default', 'what it is'], ...readValues(file).filter(isExplained).map(row)];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows.map(line);
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

/** What the values of a single service repeat needs no second explanation. */
function isExplained({ comment }: Value): boolean {
  return comment !== '';
}

const FALLBACK_LENGTH_MAX = 60;

function row({ key, fallback, comment }: Value): string[] {
  const shown = fallback.length > FALLBACK_LENGTH_MAX ? 'see the file' : `\`${fallback}\``;
  return [`\`${key}\``, shown, comment].map((cell) => cell.replaceAll('|', '\\|'));
}
