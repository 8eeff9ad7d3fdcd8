export {
  type Alert,
  createPrometheusClient,
  type Exemplar,
  type PrometheusClient,
  type Series,
  type TimeRange,
} from './prometheus-client.ts';
export { startTraceView, type TraceView, type TraceViewOptions } from './trace-view.ts';
export type { Span } from './traces/span.ts';
