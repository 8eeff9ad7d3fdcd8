import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { createAdminApp, type ReadinessCheck } from './admin.ts';
import type { baseEnv } from './config.ts';
import { type RunningServer, serve, stopSignal, untilAborted } from './lifecycle.ts';
import { createLogger, type Logger } from './log.ts';
import { startRuntimeMetrics } from './metrics.ts';
import { startTelemetry, type TelemetryOptions } from './telemetry.ts';

/** A process that has begun to be a service: it logs, measures and traces. Dispose it last, so that the last spans are sent. */
export interface Service extends AsyncDisposable {
  readonly config: BaseConfig;
  readonly log: Logger;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
}

type BaseConfig = z.output<z.ZodObject<typeof baseEnv>>;

/** What each service begins with, whatever it does afterwards. */
export async function startService(
  name: string,
  config: BaseConfig,
  tracing: Pick<TelemetryOptions, 'parentDecides'> = {},
): Promise<Service> {
  const stop = stopSignal();
  const { SERVICE_VERSION: version } = config;
  const log = createLogger({ service: name, version, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: name,
    version,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
    ...tracing,
  });
  startRuntimeMetrics(name, version);
  return { config, log, stop, [Symbol.asyncDispose]: () => telemetry[Symbol.asyncDispose]() };
}

export interface ServingOptions {
  /** What `/readyz` asks; from the moment the process is asked to stop it says no by itself. */
  readonly checks: readonly ReadinessCheck[];
  /** Opens the public port. */
  readonly listen: () => Promise<RunningServer>;
  /** Ends the answers that have no end of their own, when everybody had time to go elsewhere. */
  readonly endStreams?: () => void;
}

/** Serves until the process is asked to stop; resolves when requests in flight have ended and both ports are closed. */
export async function serveUntilStopped(
  { config, log, stop }: Service,
  { checks, listen, endStreams }: ServingOptions,
): Promise<void> {
  const adminApp = createAdminApp({ isDraining: () => stop.aborted, checks });
  const admin = await serve({ fetch: adminApp.fetch, host: config.HOST, port: config.ADMIN_PORT });
  const server = await listen();
  log.info({ port: server.port, admin_port: admin.port }, 'ready to serve');

  await untilAborted(stop);
  server.drain();
  await delay(config.SHUTDOWN_DELAY_MS);
  endStreams?.();
  await server.close(config.SHUTDOWN_TIMEOUT_MS);
  await admin.close(1000);
}
