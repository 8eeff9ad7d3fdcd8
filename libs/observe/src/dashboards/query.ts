/** What every query starts from: the series of the chosen namespace. Written as `$ns` to keep queries readable. */
const NAMESPACE = 'namespace="$namespace"';

export interface Query {
  /** PromQL with Grafana's variables. */
  readonly expr: string;
  /** What the series are called: `{{label}}` and words. */
  readonly legend: string;
  /** Asks for exemplars too: dots that lead to the trace of a request. */
  readonly exemplar?: boolean;
  /** One value at the end of the time range instead of a curve. */
  readonly instant?: boolean;
}

/** A query; `{$ns}` and `{$ns, …}` stand for the selector of the namespace, line breaks for nothing. */
export function query(expr: string, legend = '', more: Omit<Query, 'expr' | 'legend'> = {}): Query {
  const oneLine = expr.replaceAll(/\s+/g, ' ').replaceAll(/\( /g, '(').replaceAll(/ \)/g, ')').trim();
  return { expr: oneLine.replaceAll('$ns', NAMESPACE), legend, ...more };
}

/** Quantiles of a histogram as curves, with exemplars on the highest. */
export function quantiles(metric: string, selector: string, by = ''): Query[] {
  const labels = by === '' ? 'le' : `le, ${by}`;
  const name = by === '' ? '' : `{{${by}}} `;
  return [0.5, 0.95, 0.99].map((quantile) =>
    query(
      `histogram_quantile(${quantile}, sum by (${labels}) (rate(${metric}_bucket{${selector}}[$__rate_interval])))`,
      `${name}p${quantile * 100}`,
      { exemplar: quantile === 0.99 },
    ),
  );
}

/**
 * 0 where nothing was ever counted: counters with labels do not exist before their first event. And 0 where what is counted stands
 * still, which makes a ratio or a quantile NaN: that is a value, so only the comparison gives way to the 0.
 */
export function orZero(expr: string): string {
  return `(${expr}) >= 0 or on() vector(0)`;
}
