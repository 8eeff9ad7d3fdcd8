import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { TelemetryOptions } from './telemetry.ts';

/** Loaded only when an endpoint is configured: the SDK costs memory and start-up time. */
export function startExporter(options: TelemetryOptions, endpoint: string): AsyncDisposable {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: options.service,
      [ATTR_SERVICE_VERSION]: options.version,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: new URL('/v1/traces', endpoint).href })),
    ],
  });
  // The context manager is already set; register() adds the W3C propagator and makes this the global provider.
  provider.register({ contextManager: null });
  return {
    async [Symbol.asyncDispose]() {
      await provider.shutdown();
    },
  };
}
