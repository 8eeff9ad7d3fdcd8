import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createPrometheusClient, type PrometheusClient, type Series } from '@zoco/observe';
import { z } from 'zod';

/*
 * Draws every panel of the chart's dashboards from a running Prometheus into one page of pictures, so that a person can
 * see whether they say something where no Grafana is at hand:
 *   npm start -- --observe
 *   node scripts/draw-dashboards.ts --prometheus http://127.0.0.1:19090 --out dashboards.html
 */

const ROOT = join(import.meta.dirname, '..');
const WIDTH = 380;
const HEIGHT = 170;
const COLOURS = ['#5b8def', '#2fa866', '#e0a11b', '#d24b8f', '#b36ae2', '#2aa5b8', '#e2663b', '#888'];

const Target = z.object({ expr: z.string(), legendFormat: z.string(), instant: z.boolean() });
const Dashboard = z.object({
  title: z.string(),
  panels: z.array(
    z.object({
      type: z.string(),
      title: z.string(),
      targets: z.array(Target).default([]),
      fieldConfig: z.object({ defaults: z.object({ unit: z.string().default('short') }) }).optional(),
    }),
  ),
});

type Panel = z.infer<typeof Dashboard>['panels'][number];

interface Named extends Series {
  readonly name: string;
}

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string', default: 'http://127.0.0.1:19090' },
    out: { type: 'string', default: 'dashboards.html' },
    service: { type: 'string', default: 'orders' },
    minutes: { type: 'string', default: '15' },
  },
});

const client = createPrometheusClient(values.prometheus);
const rangeSeconds = Number(values.minutes) * 60;
const endSeconds = Math.floor(Date.now() / 1000);
const range = { startSeconds: endSeconds - rangeSeconds, endSeconds, stepSeconds: rangeSeconds / 180 };

const pages = [];
for (const file of globSync('charts/zoco/dashboards/*.json', { cwd: ROOT }).toSorted()) {
  const board = Dashboard.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
  const pictures = [];
  for (const panel of board.panels) pictures.push(await draw(client, panel));
  pages.push(
    `<h1 id="${basename(file, '.json')}">${escape(board.title)}</h1><div>${pictures.join('')}</div>`,
  );
}
const out = resolve(process.env['INIT_CWD'] ?? '.', values.out);
mkdirSync(join(out, '..'), { recursive: true });
writeFileSync(
  out,
  `<!doctype html><meta charset="utf-8"><style>
  body { font: 12px system-ui; margin: 12px } h1 { font-size: 18px; margin: 14px 0 4px } h2 { font-size: 13px; width: 100%; margin: 8px 0 0 }
  div { display: flex; flex-wrap: wrap; gap: 8px } figure { margin: 0; border: 1px solid #ccc; padding: 4px; width: ${WIDTH + 8}px }
  figcaption { font-weight: 600 } small { color: #666; display: block; max-height: 3.2em; overflow: hidden }
  .big { font-size: 34px; text-align: center; padding: 24px } td { padding: 0 8px 0 0 }</style>${pages.join('')}`,
);
console.log(out);

async function draw(prometheus: PrometheusClient, panel: Panel): Promise<string> {
  if (panel.type === 'row') return `<h2>${escape(panel.title)}</h2>`;
  const isCurve = panel.type === 'timeseries';
  const series: Named[] = [];
  for (const { expr, legendFormat } of panel.targets) {
    const query = replaceVariables(expr);
    const found = isCurve ? await prometheus.queryRange(query, range) : await prometheus.query(query);
    series.push(...found.map((one) => ({ ...one, name: nameOf(one, legendFormat) })));
  }
  const unit = panel.fieldConfig?.defaults.unit ?? 'short';
  const picture = isCurve ? curve(series, unit) : listing(series, unit, panel.type);
  return `<figure><figcaption>${escape(panel.title)}</figcaption>${picture}</figure>`;
}

function replaceVariables(expr: string): string {
  return expr
    .replaceAll('$namespace', 'local')
    .replaceAll('$service', values.service)
    .replaceAll('$__rate_interval', '30s')
    .replaceAll('$__range', `${rangeSeconds}s`);
}

function nameOf({ labels }: Series, legend: string): string {
  if (legend === '__auto') return Object.values(labels).join(' ');
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_match, label: string) => labels[label] ?? '');
}

function curve(series: readonly Named[], unit: string): string {
  const numbers = series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  if (numbers.length === 0) return '<p class="big">nothing</p>';
  const top = Math.max(...numbers) || 1;
  const x = (time: number) => ((time - range.startSeconds) / rangeSeconds) * WIDTH;
  const y = (value: number) => HEIGHT - (value / top) * (HEIGHT - 14);
  const lines = series.map(({ points }, index) => {
    const path = points
      .filter(([, value]) => Number.isFinite(value))
      .map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" points="${path.join(' ')}"/>`;
  });
  const legend = series.map(
    ({ name }, index) => `<span style="color:${COLOURS[index % COLOURS.length]}">${escape(name)}</span>`,
  );
  return `<svg width="${WIDTH}" height="${HEIGHT}"><text x="2" y="11" font-size="11">${format(top, unit)}</text>
    <line x1="0" x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}" stroke="#ccc"/>${lines.join('')}</svg>
    <small>${legend.join(' · ')}</small>`;
}

function listing(series: readonly Named[], unit: string, type: string): string {
  const [first, ...more] = series;
  if (first === undefined) return '<p class="big">nothing</p>';
  const valueOf = ({ points }: Series) => points.at(-1)?.[1] ?? Number.NaN;
  if (type === 'stat' && more.length === 0) {
    return `<p class="big">${format(valueOf(first), unit)}<small>${escape(first.name)}</small></p>`;
  }
  const rows = series
    .slice(0, 14)
    .map((one) => `<tr><td>${escape(one.name)}</td><td>${format(valueOf(one), unit)}</td></tr>`);
  return `<table>${rows.join('')}</table>`;
}

function format(value: number, unit: string): string {
  if (!Number.isFinite(value)) return String(value);
  if (unit === 'percentunit') return `${(value * 100).toFixed(1)} %`;
  if (unit === 's') return value >= 1 ? `${value.toFixed(2)} s` : `${(value * 1000).toFixed(1)} ms`;
  if (unit === 'bytes') return `${(value / 1024 ** 2).toFixed(0)} MiB`;
  return `${Number(value.toPrecision(3))}${unit === 'reqps' ? '/s' : ''}`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}
