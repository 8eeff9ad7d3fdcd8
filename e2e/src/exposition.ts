/** A series of a page of metrics. */
export interface Series {
  /** Of the metric, without `_bucket`, `_sum` and `_count`. */
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricsPage {
  /** Type by name of the metric. */
  readonly types: ReadonlyMap<string, string>;
  readonly series: readonly Series[];
}

const SERIES = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads the Prometheus text format. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function parseMetrics(text: string): MetricsPage {
  const types = new Map<string, string>();
  const series: Series[] = [];
  for (const line of text.split('\n')) {
    const [, named, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (named !== undefined && type !== undefined) types.set(named, type);
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = SERIES.exec(line) ?? [];
    if (name === undefined) throw new Error(`no series: ${line}`);
    const base = name.replace(/_(bucket|sum|count)$/, '');
    series.push({
      metric: types.has(name) ? name : base,
      labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key = '', of = '']) => [key, of])),
      value: Number(value),
    });
  }
  return { types, series };
}

/** A metric as docs/metrics.md tells of it. */
export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** Heading that it stands under: a service, or words for several. */
  readonly section: string;
}

/** The tables of docs/metrics.md. */
export function readMetricsPage(markdown: string): DocumentedMetric[] {
  let section = '';
  const metrics: DocumentedMetric[] = [];
  for (const line of markdown.split('\n')) {
    section = /^## (.*)$/.exec(line)?.[1] ?? section;
    const [, name, type, labels] = /^\| `(\w+)` +\| (\w+) +\| (.*?) +\|/.exec(line) ?? [];
    if (name === undefined || type === undefined) continue;
    // Names of labels stand outside of the brackets that hold their values.
    const names = (labels ?? '').replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g);
    metrics.push({ name, type, section, labels: [...names].map(([, label = '']) => label).toSorted() });
  }
  return metrics;
}
