import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const sample = z.tuple([z.number(), z.string()]);

const vector = z.object({
  resultType: z.literal('vector'),
  result: z.array(z.object({ metric: labels, value: sample })),
});
const matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric: labels, values: z.array(sample) })),
});
const scalar = z.object({ resultType: z.literal('scalar'), result: sample });
const failure = z.object({ status: z.literal('error'), error: z.string() });

const alert = z.object({
  labels,
  annotations: labels,
  state: z.enum(['inactive', 'pending', 'firing']),
  activeAt: z.string().optional(),
  value: z.string(),
});
export type Alert = z.infer<typeof alert>;

const ruleGroups = z.object({ groups: z.array(z.object({ rules: z.array(z.unknown()) })) });

const exemplars = z.array(
  z.object({
    seriesLabels: labels,
    exemplars: z.array(z.object({ labels, value: z.string(), timestamp: z.number() })),
  }),
);

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Time in seconds since the epoch, and the value. */
  readonly points: readonly (readonly [timeSeconds: number, value: number])[];
}

/** One request that a histogram has kept. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly traceId: string | undefined;
  readonly value: number;
  readonly timeSeconds: number;
}

export interface TimeRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** The HTTP API of a Prometheus. Everything throws an Error with its words when it refuses, or is not there. */
export interface PrometheusClient {
  readonly url: string;
  query(expr: string): Promise<Series[]>;
  queryRange(expr: string, range: TimeRange & { readonly stepSeconds: number }): Promise<Series[]>;
  /** Those that are pending or firing. */
  alerts(): Promise<Alert[]>;
  alertRuleCount(): Promise<number>;
  /** Names of all metrics that targets describe, those without a series included. */
  metricNames(): Promise<Set<string>>;
  exemplars(expr: string, range: TimeRange): Promise<Exemplar[]>;
}

const TIMEOUT_MS = 10_000;

export function createPrometheusClient(url: string): PrometheusClient {
  return { url, ...queries(url), ...lists(url) };
}

type Queries = Pick<PrometheusClient, 'query' | 'queryRange' | 'exemplars'>;

function queries(url: string): Queries {
  async function ask<T>(path: string, schema: z.ZodType<T>, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    const refused = failure.safeParse(body);
    if (refused.success) throw new Error(refused.data.error);
    return z.object({ data: schema }).parse(body).data;
  }

  return {
    async query(expr) {
      const data = await ask('query', z.union([vector, scalar]), { query: expr });
      if (data.resultType === 'scalar') return [{ labels: {}, points: [point(data.result)] }];
      return data.result.map(({ metric, value }) => ({ labels: metric, points: [point(value)] }));
    },
    async queryRange(expr, { startSeconds, endSeconds, stepSeconds }) {
      const range = { start: String(startSeconds), end: String(endSeconds), step: String(stepSeconds) };
      const { result } = await ask('query_range', matrix, { query: expr, ...range });
      return result.map(({ metric, values }) => ({ labels: metric, points: values.map(point) }));
    },
    async exemplars(expr, { startSeconds, endSeconds }) {
      const range = { start: String(startSeconds), end: String(endSeconds) };
      const data = await ask('query_exemplars', exemplars, { query: expr, ...range });
      return data.flatMap(({ seriesLabels, exemplars: kept }) =>
        kept.map(({ labels: own, value, timestamp }) => ({
          labels: seriesLabels,
          traceId: own['trace_id'],
          value: Number(value),
          timeSeconds: timestamp,
        })),
      );
    },
  };
}

/** What Prometheus lists takes GET only. */
function lists(url: string): Pick<PrometheusClient, 'alerts' | 'alertRuleCount' | 'metricNames'> {
  async function get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return z.object({ data: schema }).parse(await response.json()).data;
  }

  return {
    async alerts() {
      return (await get('alerts', z.object({ alerts: z.array(alert) }))).alerts;
    },
    async alertRuleCount() {
      const { groups } = await get('rules?type=alert', ruleGroups);
      return groups.reduce((count, { rules }) => count + rules.length, 0);
    },
    async metricNames() {
      return new Set(Object.keys(await get('metadata', z.record(z.string(), z.unknown()))));
    },
  };
}

function point([time, value]: z.infer<typeof sample>): [number, number] {
  return [time, Number(value)];
}
