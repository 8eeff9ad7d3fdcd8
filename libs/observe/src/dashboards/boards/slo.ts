import { type DashboardDraft, type Section, toDashboard, toTraces } from '../dashboard.ts';
import type { DataLink, Steps } from '../field.ts';
import { curves, number, type PanelDraft, table } from '../panel.ts';
import { query } from '../query.ts';

const BUDGET: Steps = [['red'], ['orange', 0.25], ['green', 0.5]];
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];

/** What is promised of the checkout, and how much of the promise is left. */
export const slo: DashboardDraft = {
  name: 'slo',
  title: 'Service levels',
  description: 'What is promised of the checkout, and how much of the error budget of 30 days is left.',
  sections: [
    objective('available', {
      title: 'Available: 99.9 % of checkouts are answered without a server error',
      what: 'failure',
      counted: 'failures',
      allowed: 0.001,
      traces: toTraces(
        'Checkouts that failed',
        '{resource.service.name="gateway" && status=error && span.http.request.method="POST"}',
      ),
    }),
    objective('quick', {
      title: 'Quick: 99 % of the answered ones within half a second',
      what: 'slow',
      counted: 'slow',
      allowed: 0.01,
      traces: toTraces(
        'Slow checkouts',
        '{resource.service.name="gateway" && duration>500ms && span.http.request.method="POST"}',
      ),
    }),
    {
      title: 'Alerts',
      panels: [
        table({
          title: 'Firing now',
          description: 'The runbook of each is docs/runbooks; one row of nothing when all is well.',
          unit: 'short',
          width: 24,
          sortBy: 'Firing',
          columns: [{ title: 'Firing' }],
          queries: [
            query(
              'sum by (alertname, severity, service, consumer) (ALERTS{$ns, alertstate="firing"}) or on() vector(0)',
              '',
              { instant: true },
            ),
          ],
        }),
      ],
    },
  ],
};

interface Objective {
  readonly title: string;
  readonly what: 'failure' | 'slow';
  readonly counted: string;
  /** Share of requests that may miss it. */
  readonly allowed: number;
  readonly traces: DataLink;
}

function objective(word: string, goal: Objective): Section {
  const { title, what, allowed } = goal;
  const budget = what === 'failure' ? 'availability' : 'latency';
  return {
    title,
    panels: [
      number({
        title: `Budget left (${word})`,
        description: 'Of 30 days: 100 % untouched, below 0 the promise is broken.',
        unit: 'percentunit',
        decimals: 1,
        height: 8,
        steps: BUDGET,
        queries: [query(`min(zoco:checkout_${budget}_budget_left:30d{$ns})`)],
      }),
      number({
        title: 'Burn rate, 1 h',
        description: '1 uses the budget up in exactly 30 days, 14.4 in two: that wakes somebody.',
        unit: 'short',
        decimals: 1,
        height: 8,
        steps: [['green'], ['orange', 1], ['red', 14.4]],
        queries: [query(`max(zoco:checkout_${what}_ratio:1h{$ns}) / ${allowed}`)],
      }),
      ...objectiveCurves(goal),
    ],
  };
}

function objectiveCurves({ what, counted, allowed, traces }: Objective): PanelDraft[] {
  return [
    curves({
      title: 'Burn rate by window',
      description: 'Alerts fire when a long and a short window are high together.',
      unit: 'short',
      steps: [['green'], ['red', 14.4]],
      queries: WINDOWS.map((window) =>
        query(`max(zoco:checkout_${what}_ratio:${window}{$ns}) / ${allowed}`, window),
      ),
      dataLinks: [traces],
    }),
    curves({
      title: what === 'failure' ? 'Checkouts that fail' : 'Checkouts that are slow',
      description: 'Per second, beside all of them.',
      unit: 'reqps',
      queries: [
        query('sum(zoco:checkout_requests:rate5m{$ns})', 'all'),
        query(`sum(zoco:checkout_${counted}:rate5m{$ns})`, what === 'failure' ? 'failed' : 'slow'),
      ],
      dataLinks: [traces, toDashboard('The checkout step by step', 'checkout')],
    }),
  ];
}
