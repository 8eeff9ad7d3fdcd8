import { Counter } from 'prom-client';
import { registry } from './metrics.ts';

/** Gauges whose values have to be asked for, from a database or from NATS. */
export interface MetricSample {
  /** Names it in `zoco_metrics_sample_failures_total`. */
  readonly name: string;
  /** Sets the gauges. When it throws they keep the values they had. */
  readonly take: () => Promise<void>;
  /** Asked at most this often. Default 5 s. */
  readonly everyMs?: number;
}

const EVERY_MS = 5000;
// Far below the time that Prometheus waits for a scrape.
const WAIT_MS_MAX = 500;

const failures = new Counter({
  name: 'zoco_metrics_sample_failures_total',
  help: 'Scrapes that got old values of gauges because database or NATS did not answer in time, by sample.',
  labelNames: ['sample'],
  registers: [registry],
});

interface Running extends MetricSample {
  dueMs: number;
  underWay: Promise<void> | undefined;
}

const samples = new Set<Running>();

/** Takes a sample whenever somebody scrapes, unless the last one is still fresh. Dispose to stop. */
export function addMetricSample(sample: MetricSample): Disposable {
  const running: Running = { ...sample, dueMs: 0, underWay: undefined };
  samples.add(running);
  failures.inc({ sample: sample.name }, 0);
  return {
    [Symbol.dispose]() {
      samples.delete(running);
    },
  };
}

/** Takes all samples that are due. Never rejects and never takes longer than half a second: a scrape has to answer. */
export async function takeMetricSamples(): Promise<void> {
  await Promise.all([...samples].map(refresh));
}

async function refresh(sample: Running): Promise<void> {
  const nowMs = performance.now();
  if (sample.underWay === undefined && nowMs < sample.dueMs) return;
  sample.underWay ??= start(sample, nowMs);
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), WAIT_MS_MAX);
  const end = await Promise.race([sample.underWay, late]);
  clearTimeout(timer);
  if (end === 'late') failures.inc({ sample: sample.name });
}

async function start(sample: Running, nowMs: number): Promise<void> {
  try {
    await sample.take();
  } catch {
    failures.inc({ sample: sample.name });
  } finally {
    sample.dueMs = nowMs + (sample.everyMs ?? EVERY_MS);
    sample.underWay = undefined;
  }
}
