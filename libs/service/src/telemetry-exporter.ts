import { propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { TelemetryOptions } from './telemetry.ts';

/** Spans kept for the collector; under load a checkout makes tens of them, and what finds no room is lost. */
const QUEUE_MAX = 8192;
const EXPORT_EVERY_MS = 2000;

/**
 * Loaded only when an endpoint is configured: the SDK costs memory and start-up time. `OTEL_RESOURCE_ATTRIBUTES` (of the pod, the node)
 * and `OTEL_EXPORTER_OTLP_HEADERS` are read by the SDK itself.
 */
export function startExporter(options: TelemetryOptions, endpoint: string): AsyncDisposable {
  // A trace that begins here comes to the SDK when it is to be recorded.
  const ratio = new TraceIdRatioBasedSampler(options.sampleRatio);
  const strangers = { remoteParentSampled: ratio, remoteParentNotSampled: ratio };
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.namespace': 'zoco' }))
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: options.service,
          [ATTR_SERVICE_VERSION]: options.version,
        }),
      ),
    sampler: new ParentBasedSampler({
      root: new AlwaysOnSampler(),
      ...(options.parentDecides === false ? strangers : {}),
    }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: tracesUrl(endpoint) }), {
        maxQueueSize: QUEUE_MAX,
        scheduledDelayMillis: EXPORT_EVERY_MS,
      }),
    ],
  });
  // The context manager is already set; register() adds the W3C propagator and makes this the global provider.
  provider.register({ contextManager: null });
  return {
    async [Symbol.asyncDispose]() {
      await provider.shutdown();
      trace.disable();
      propagation.disable();
    },
  };
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp */
function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
