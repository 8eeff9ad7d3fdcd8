import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from '@zoco/local';
import type { PrometheusClient } from '@zoco/observe';
import { z } from 'zod';

const Target = z.object({ refId: z.string(), expr: z.string(), instant: z.boolean() });
const Panel = z.object({ type: z.string(), title: z.string(), targets: z.array(Target).default([]) });
const Dashboard = z.object({ panels: z.array(Panel) });

/** One query of one panel, as Grafana sends it. */
export interface PanelQuery {
  /** `overview / Revenue A`, and the service for the dashboard that shows one. */
  readonly name: string;
  readonly expr: string;
  readonly instant: boolean;
}

/** Every query of every dashboard of the chart, with its variables replaced. */
export function dashboardQueries(
  services: readonly string[],
  rateWindow: string,
  range: string,
): PanelQuery[] {
  return globSync('charts/zoco/dashboards/*.json', { cwd: ROOT }).flatMap((file) => {
    const board = basename(file, '.json');
    const { panels } = Dashboard.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
    const shown = board === 'service' ? services : [''];
    return shown.flatMap((service) =>
      panels.flatMap(({ title, targets }) =>
        targets.map(({ refId, expr, instant }) => ({
          name: `${board}${service === '' ? '' : ` of ${service}`} / ${title} ${refId}`,
          instant,
          expr: expr
            .replaceAll('$namespace', 'local')
            .replaceAll('$service', service)
            .replaceAll('$__rate_interval', rateWindow)
            .replaceAll('$__range', range),
        })),
      ),
    );
  });
}

/** Those of the queries that have had no value since `startSeconds`. */
export async function blindQueries(
  prometheus: PrometheusClient,
  queries: readonly PanelQuery[],
  startSeconds: number,
): Promise<PanelQuery[]> {
  const range = { startSeconds, endSeconds: Date.now() / 1000, stepSeconds: 1 };
  const blind: PanelQuery[] = [];
  for (const query of queries) {
    const { expr, instant } = query;
    const series = instant ? await prometheus.query(expr) : await prometheus.queryRange(expr, range);
    const shown = series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)));
    if (!shown) blind.push(query);
  }
  return blind;
}

/** A query without what stands in for data that is not there. */
export function withoutFallback(expr: string): string {
  return expr.replaceAll(/ or on\(\) vector\(\d\)/g, '');
}

const NOT_METRICS = new Set(
  `sum by without count rate increase max min topk histogram_quantile changes on ignoring vector or and unless le time
   avg_over_time last_over_time group_left group`.split(/\s+/),
);

/** The names of metrics in an expression. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left)\s*\([^)]*\)/g, '');
  const names = bare.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g) ?? [];
  return [...new Set(names.filter((name) => !NOT_METRICS.has(name)))];
}
