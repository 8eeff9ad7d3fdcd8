import { plural } from '../terminal.ts';
import type { Sample } from './exposition.ts';
import type { Finding } from './finding.ts';
import type { AlertFacts, MetricFacts } from './probe-signals.ts';

/** What Prometheus says is wrong. Values in, findings out. */
export function diagnoseAlerts(facts: AlertFacts): Finding[] {
  const area = 'alerts';
  const subject = 'Prometheus';
  if ('fault' in facts) {
    const advice = 'Start it again; until then only what can be asked directly is told below.';
    return [
      { area, subject, state: 'warning', detail: `does not answer at ${facts.url} (${facts.fault})`, advice },
    ];
  }
  const { alerts, ruleCount } = facts;
  if (ruleCount === 0) {
    const advice = 'Load charts/zoco/alerts, or set monitoring.rules.enabled.';
    return [{ area, subject, state: 'warning', detail: 'has no alert rules', advice }];
  }
  if (alerts.length === 0) {
    return [{ area, subject, state: 'ok', detail: `${plural(ruleCount, 'rule')}, nothing fires` }];
  }
  return alerts.map(({ labels, annotations, state }): Finding => {
    const isWrong = state === 'firing' && labels['severity'] === 'critical';
    const words = annotations['description'] ?? annotations['summary'] ?? 'no description';
    return {
      area,
      subject: labels['alertname'] ?? 'alert',
      state: isWrong ? 'wrong' : 'warning',
      detail: state === 'pending' ? `${words} (pending)` : words,
      advice: `Follow ${annotations['runbook_url'] ?? 'its runbook'}.`,
    };
  });
}

interface Sign {
  readonly metric: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly above: number;
  readonly state: 'warning' | 'wrong';
  readonly words: (value: number, labels: Readonly<Record<string, string>>) => string;
  readonly runbook: string;
}

const DAY_SECONDS = 86_400;

// What one look at a service can tell; rates need a Prometheus. The limits are those of charts/zoco/alerts.
const SIGNS: readonly Sign[] = [
  {
    metric: 'zoco_stock_oversold_products',
    above: 0,
    state: 'wrong',
    words: (value) => `of ${plural(value, 'product')} more is reserved than on hand`,
    runbook: 'oversell',
  },
  {
    metric: 'zoco_ledger_unbalanced_journals',
    above: 0,
    state: 'wrong',
    words: (value) => `${plural(value, 'journal')} do not add up to zero`,
    runbook: 'ledger-imbalance',
  },
  {
    metric: 'zoco_gateway_breaker_open',
    above: 0,
    state: 'wrong',
    words: (_value, { upstream }) => `sends nothing to ${upstream}: its circuit breaker is open`,
    runbook: 'breaker-open',
  },
  {
    metric: 'zoco_postgres_pool_waiting',
    above: 0,
    state: 'warning',
    words: (value, { pool }) => `${plural(value, 'transaction')} wait for a place in the ${pool} pool`,
    runbook: 'postgres-connections',
  },
  {
    metric: 'nodejs_eventloop_lag_p99_seconds',
    above: 0.5,
    state: 'warning',
    words: (value) => `its event loop is late by ${value.toFixed(1)} s`,
    runbook: 'service-overloaded',
  },
  {
    metric: 'zoco_requests_refused_total',
    above: 0,
    state: 'warning',
    words: (value, { reason }) => `has refused ${plural(value, 'request')} since it started (${reason})`,
    runbook: 'service-overloaded',
  },
  {
    metric: 'zoco_payments_attention_total',
    above: 0,
    state: 'warning',
    words: (value, { reason }) => `${plural(value, 'payment')} for a person since it started (${reason})`,
    runbook: 'payments-attention',
  },
  {
    metric: 'zoco_stripe_call_duration_seconds_count',
    labels: { outcome: 'unknown' },
    above: 0,
    state: 'warning',
    words: (value, { call }) =>
      `${plural(value, 'call')} to Stripe without an outcome since it started (${call})`,
    runbook: 'payment-provider-failing',
  },
  {
    metric: 'zoco_stripe_events_total',
    labels: { outcome: 'unsigned' },
    above: 0,
    state: 'warning',
    words: (value) => `has refused ${plural(value, 'webhook')} with a wrong signature since it started`,
    runbook: 'payment-provider-failing',
  },
  {
    metric: 'zoco_signing_key_age_seconds',
    above: 40 * DAY_SECONDS,
    state: 'warning',
    words: (value) => `the signing key is ${Math.floor(value / DAY_SECONDS)} days old`,
    runbook: 'signing-key-old',
  },
];

/** What the services count of themselves that is not as it should be. */
export function diagnoseMetrics(services: readonly MetricFacts[]): Finding[] {
  const findings = services.flatMap(({ name, samples = [] }) => [
    ...SIGNS.flatMap((sign) =>
      samples.filter((sample) => shows(sign, sample)).map((sample) => found(name, sign, sample)),
    ),
    ...natsFindings(name, samples),
  ]);
  const read = services.filter(({ samples }) => samples !== undefined).length;
  if (findings.length > 0 || read === 0) return findings;
  return [
    {
      area: 'signals',
      subject: 'metrics',
      state: 'ok',
      detail: `nothing strange in those of ${plural(read, 'service')}`,
    },
  ];
}

function shows({ metric, labels = {}, above }: Sign, sample: Sample): boolean {
  return (
    sample.name === metric &&
    sample.value > above &&
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  );
}

function found(subject: string, { state, words, runbook }: Sign, { value, labels }: Sample): Finding {
  return {
    area: 'signals',
    subject,
    state,
    detail: words(value, labels),
    advice: `Follow docs/runbooks/${runbook}.md.`,
  };
}

function natsFindings(subject: string, samples: readonly Sample[]): Finding[] {
  if (samples.find(({ name }) => name === 'zoco_nats_connected')?.value !== 0) return [];
  const detail = 'has no connection to NATS: its events wait in the outbox';
  return [{ area: 'signals', subject, state: 'wrong', detail, advice: 'Follow docs/runbooks/nats-down.md.' }];
}
