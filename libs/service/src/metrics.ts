import { trace, TraceFlags } from '@opentelemetry/api';
import { databaseMetrics } from '@zoco/postgres';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { monitorLag } from './event-loop-lag.ts';

/** Every metric of this process; served on the admin port. docs/metrics.md lists them all. */
export const registry = new Registry();
for (const metric of databaseMetrics) registry.registerMetric(metric);

/** Labels that every series of this process carries. */
export const processLabels: Record<string, string> = {};

// The library's own gauges of event-loop lag would wake every process a hundred times a second, and call the interval a lag.
const NEVER_MS = 2 ** 31 - 1;

/** @param service label that every series of this process carries */
export function startRuntimeMetrics(service: string, version: string): void {
  processLabels['service'] = service;
  registry.setDefaultLabels(processLabels);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  reportEventLoopLag();
  const info = new Gauge({
    name: 'zoco_build_info',
    help: 'Always 1; says what runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  });
  info.set({ version, node: process.version }, 1);
}

function reportEventLoopLag(): void {
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith('nodejs_eventloop_lag')) registry.removeSingleMetric(name);
  }
  const lag = monitorLag();
  const gauge: Gauge = new Gauge({
    name: 'nodejs_eventloop_lag_p99_seconds',
    help: 'Lag of the event loop that 99 % of the samples since the last scrape stay within.',
    registers: [registry],
    collect() {
      gauge.set(lag.percentileMs(99) / 1000);
      lag.reset();
    },
  });
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A method as metrics and traces name it: what is no method of ours is `_OTHER`, whatever clients invent. */
export function knownMethod(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}

const httpDuration = new Histogram({
  name: 'http_server_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its answer.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  enableExemplars: true,
  // The library takes one with exemplars only for OpenMetrics, and does write it in the plain format, without them.
  registers: [],
});
registry.registerMetric(httpDuration);

/**
 * Counts and times a request. A recorded trace becomes the exemplar of its bucket.
 * @param route pattern, never a path: the number of series stays bounded
 */
export function observeRequest(method: string, route: string, status: number, durationSeconds: number): void {
  const labels = { method: knownMethod(method), route, status };
  const span = trace.getActiveSpan()?.spanContext();
  const isSampled = span !== undefined && (span.traceFlags & TraceFlags.SAMPLED) !== 0;
  const exemplarLabels = isSampled ? { trace_id: span.traceId, span_id: span.spanId } : NO_EXEMPLAR;
  httpDuration.observe({ labels, value: durationSeconds, exemplarLabels });
}

const NO_EXEMPLAR = {};

export const callDuration = new Histogram({
  name: 'http_client_request_duration_seconds',
  help: 'Time of one try of an internal call, by callee and call name; status 0 means no answer.',
  labelNames: ['callee', 'call', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  registers: [registry],
});

export const refusedRequests = new Counter({
  name: 'zoco_requests_refused_total',
  help: 'Requests answered 503 because the process was overloaded, by reason.',
  labelNames: ['reason'],
  registers: [registry],
});

export const idempotencyReplays = new Counter({
  name: 'zoco_idempotency_replays_total',
  help: 'Requests answered again with what an earlier one with the same Idempotency-Key got.',
  registers: [registry],
});
