import { describe, expect, test } from 'vitest';
import { diagnoseAlerts, diagnoseMetrics } from './diagnose-signals.ts';
import { readSamples } from './exposition.ts';

const url = 'http://127.0.0.1:9';
const alert = (state: 'firing' | 'pending', severity: string) => ({
  labels: { alertname: 'OutboxStuck', severity },
  annotations: { summary: 's', description: 'Events wait.', runbook_url: 'docs/runbooks/outbox-stuck.md' },
  state,
  value: '1',
});

describe('alerts', () => {
  test.each([
    ['none', [], 'ok', 'nothing fires'],
    ['a critical one', [alert('firing', 'critical')], 'wrong', 'Events wait.'],
    ['a warning', [alert('firing', 'warning')], 'warning', 'Events wait.'],
    ['one that may become one', [alert('pending', 'critical')], 'warning', 'Events wait. (pending)'],
  ] as const)('%s', (_what, alerts, state, words) => {
    const [finding, ...more] = diagnoseAlerts({ url, alerts, ruleCount: 27 });
    expect(more).toEqual([]);
    expect(finding?.state).toBe(state);
    expect(finding?.detail).toContain(words);
    expect(finding?.advice).toBe(state === 'ok' ? undefined : 'Follow docs/runbooks/outbox-stuck.md.');
  });

  test('a Prometheus that is away, or has no rules, is told and fails nothing', () => {
    expect(diagnoseAlerts({ url, fault: 'connect ECONNREFUSED' })).toMatchObject([{ state: 'warning' }]);
    expect(diagnoseAlerts({ url, alerts: [], ruleCount: 0 })).toMatchObject([{ state: 'warning' }]);
  });
});

describe('metrics', () => {
  const of = (text: string) => diagnoseMetrics([{ name: 'orders', samples: readSamples(text) }]);

  test.each([
    [
      'zoco_stock_oversold_products{service="catalog"} 2',
      'wrong',
      'of 2 products more is reserved',
      'oversell',
    ],
    ['zoco_ledger_unbalanced_journals 1', 'wrong', '1 journal', 'ledger-imbalance'],
    ['zoco_gateway_breaker_open{upstream="cart"} 1', 'wrong', 'sends nothing to cart', 'breaker-open'],
    ['zoco_nats_connected 0', 'wrong', 'no connection to NATS', 'nats-down'],
    ['zoco_postgres_pool_waiting{pool="runtime"} 4', 'warning', 'the runtime pool', 'postgres-connections'],
    ['nodejs_eventloop_lag_p99_seconds 0.71', 'warning', '0.7 s', 'service-overloaded'],
    ['zoco_requests_refused_total{reason="in_flight"} 1', 'warning', 'in_flight', 'service-overloaded'],
    [
      'zoco_payments_attention_total{reason="refund_failed"} 1',
      'warning',
      'refund_failed',
      'payments-attention',
    ],
    [
      'zoco_stripe_call_duration_seconds_count{call="create_intent",outcome="unknown"} 3',
      'warning',
      '3 calls to Stripe without an outcome',
      'payment-provider-failing',
    ],
    [
      'zoco_stripe_events_total{outcome="unsigned"} 1',
      'warning',
      'wrong signature',
      'payment-provider-failing',
    ],
    ['zoco_signing_key_age_seconds 4320000', 'warning', '50 days', 'signing-key-old'],
  ])('%s', (line, state, words, runbook) => {
    const [finding, ...more] = of(`${line}\n`);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ area: 'signals', subject: 'orders', state });
    expect(finding?.detail).toContain(words);
    expect(finding?.advice).toBe(`Follow docs/runbooks/${runbook}.md.`);
  });

  test('values as they should be are one line', () => {
    const text =
      'zoco_nats_connected 1\nzoco_stripe_call_duration_seconds_count{outcome="done"} 9\nzoco_signing_key_age_seconds 60\n';
    expect(of(text)).toMatchObject([{ state: 'ok', subject: 'metrics' }]);
    expect(diagnoseMetrics([{ name: 'orders', samples: undefined }])).toEqual([]);
  });
});

test('the text format: labels with quotes and escapes, comments, infinity, exemplars', () => {
  const text = `# HELP a Words.\n# TYPE a gauge\na{x="1 \\"q\\" \\\\ {},",y=""} 2.5\nb_bucket{le="+Inf"} 7 # {trace_id="t"} 0.1 1\nc +Inf\nnonsense\n`;
  expect(readSamples(text)).toEqual([
    { name: 'a', labels: { x: '1 "q" \\ {},', y: '' }, value: 2.5 },
    { name: 'b_bucket', labels: { le: '+Inf' }, value: 7 },
    { name: 'c', labels: {}, value: Infinity },
  ]);
});
