import type { ServiceName } from '@zoco/contracts';
import { type Alert, createPrometheusClient } from '@zoco/observe';
import { reasonOf } from '../failure.ts';
import { readSamples, type Sample } from './exposition.ts';

/** What Prometheus said of the alert rules, or why it said nothing. */
export type AlertFacts =
  | { readonly url: string; readonly fault: string }
  | { readonly url: string; readonly alerts: readonly Alert[]; readonly ruleCount: number };

/** What a service counts of itself; undefined when its admin port does not answer. */
export interface MetricFacts {
  readonly name: ServiceName;
  readonly samples: readonly Sample[] | undefined;
}

const TIMEOUT_MS = 2000;

/** Asks a Prometheus for the alerts that are pending or firing; never throws. */
export async function probeAlerts(url: string): Promise<AlertFacts> {
  const client = createPrometheusClient(url);
  try {
    const [alerts, ruleCount] = await Promise.all([client.alerts(), client.alertRuleCount()]);
    return { url, alerts, ruleCount };
  } catch (error) {
    return { url, fault: reasonOf(error) };
  }
}

/** Reads the metrics of one service; never throws. */
export async function probeMetrics(name: ServiceName, adminUrl: string): Promise<MetricFacts> {
  try {
    const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { name, samples: response.ok ? readSamples(await response.text()) : undefined };
  } catch {
    return { name, samples: undefined };
  }
}
