import { join } from 'node:path';
import { startTraceView } from '@zoco/observe';
import type { PortPlan } from './ports.ts';
import type { ProcessLedger } from './process-ledger.ts';
import { startPrometheus } from './prometheus-server.ts';
import { ROOT } from './repository.ts';
import { supervise } from './supervisor.ts';

/** What watches a system on this machine. */
export interface Observation {
  readonly prometheusUrl: string;
  /** Pages with traces, slow requests and alerts; takes spans over OTLP too. */
  readonly tracesUrl: string;
}

export interface ObservationOptions {
  readonly dir: string;
  readonly ports: PortPlan;
  readonly ledger: ProcessLedger;
  readonly onLine: (line: string) => void;
}

/**
 * Starts Prometheus with the chart's rules, and the trace view; both end through `cleanup`.
 * @throws SetupError when Prometheus cannot be had
 */
export async function startObservation(
  { dir, ports, ledger, onLine }: ObservationOptions,
  cleanup: AsyncDisposableStack,
): Promise<Observation> {
  const prometheusUrl = `http://127.0.0.1:${ports.prometheus}`;
  const prometheus = supervise({
    launch: () =>
      startPrometheus({
        dir: join(dir, 'prometheus'),
        port: ports.prometheus,
        targets: [...ports.services].map(([service, { adminPort }]) => ({
          service,
          adminUrl: `http://127.0.0.1:${adminPort}`,
        })),
        ruleFiles: [join(ROOT, 'charts/zoco/alerts/*.yaml')],
        logFile: join(dir, 'logs/prometheus.log'),
        onSpawn: (pid) => ledger.add('prometheus', pid),
        onLine,
      }),
    onEnd: (reason, retryMs) => onLine(`prometheus ended (${reason}), again in ${retryMs / 1000} s`),
  });
  cleanup.defer(() => prometheus.stop());
  const view = cleanup.use(await startTraceView({ port: ports.traceView, prometheusUrl }));
  await prometheus.start();
  return { prometheusUrl, tracesUrl: view.url };
}

/** What services need to send their spans to the view: all of them, unless the caller says how many. */
export function observationEnvironment(
  { tracesUrl }: Observation,
  caller: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesUrl,
    OTEL_TRACES_SAMPLER_ARG: caller['OTEL_TRACES_SAMPLER_ARG'] || '1',
  };
}

/** Ports that observation takes, for the check that they are free. */
export function observationPorts(ports: PortPlan): { port: number; purpose: string }[] {
  return [
    { port: ports.prometheus, purpose: 'Prometheus' },
    { port: ports.traceView, purpose: 'the trace view' },
  ];
}

/** The lines that tell where to look. */
export function observationLines(observation: Observation | undefined): string[] {
  if (observation === undefined) return [];
  return [
    `  traces   ${observation.tracesUrl} (also slow requests and alerts; /trace/<trace_id of an answer>)`,
    `  metrics  ${observation.prometheusUrl}`,
  ];
}
