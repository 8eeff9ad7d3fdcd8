import { type Metric, type OpenMetricsContentType, Registry } from 'prom-client';
import { takeMetricSamples } from './metric-samples.ts';
import { processLabels, registry } from './metrics.ts';

export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/**
 * All metrics of this process as Prometheus text; as OpenMetrics, with exemplars, when `accept` names it.
 * @see https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export async function renderMetrics(accept: string | undefined): Promise<MetricsPage> {
  await takeMetricSamples();
  const source = accept?.includes('application/openmetrics-text') ? openMetricsView() : registry;
  return { contentType: source.contentType, body: await source.metrics() };
}

/**
 * The same metrics for the other format. Its writer (prom-client 15.1) takes `_total` off the names of the very counters it is given,
 * which would take it off in the plain format, too; so it gets copies of their names.
 */
function openMetricsView(): Registry<OpenMetricsContentType> {
  const view = new Registry<OpenMetricsContentType>();
  view.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  view.setDefaultLabels(processLabels);
  for (const { name: fullName, help, type } of registry.getMetricsAsArray()) {
    const metric = registry.getSingleMetric(fullName);
    if (metric === undefined) continue;
    const name = isCounter(type) ? fullName.replace(/_total$/, '') : fullName;
    const copy = { name, help, type, get: async () => ({ ...(await metric.get()), name }) };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a registry only describes and reads what is in it
    view.registerMetric(copy as unknown as Metric);
  }
  return view;
}

/** Its types say number, its metrics say `counter`. */
function isCounter(type: unknown): boolean {
  return type === 'counter';
}
