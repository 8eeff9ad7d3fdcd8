import type { DashboardDraft } from '../dashboard.ts';
import { toDashboard, toTraces } from '../dashboard.ts';
import { ZERO_IS_GOOD } from '../field.ts';
import { curves, number } from '../panel.ts';
import { orZero, query, quantiles } from '../query.ts';

const toService = toDashboard('This service', 'service', { service: '${__field.labels.service}' });

/** Do shops sell, and if not, where does it hurt? */
export const overview: DashboardDraft = {
  name: 'overview',
  title: 'Overview',
  description: 'Whether shops sell, and where it hurts when they do not.',
  sections: [
    {
      title: 'Do shops sell?',
      panels: [
        number({
          title: 'Orders confirmed',
          description: 'Paid or accepted on account, in the time range.',
          unit: 'short',
          decimals: 0,
          sparkline: true,
          queries: [query(orZero('sum(increase(zoco_orders_total{$ns, status="confirmed"}[$__range]))'))],
          dataLinks: [toDashboard('The checkout step by step', 'checkout')],
        }),
        number({
          title: 'Revenue',
          description: 'Totals of confirmed orders by currency, in the time range.',
          unit: 'short',
          decimals: 2,
          queries: [
            query(
              orZero('sum by (currency) (increase(zoco_orders_revenue_total{$ns}[$__range]))'),
              '{{currency}}',
            ),
          ],
        }),
        number({
          title: 'Checkouts answered',
          description:
            'Share of checkouts without a server error, over five minutes. The objective is 99.9 %.',
          unit: 'percentunit',
          decimals: 2,
          steps: [['red'], ['orange', 0.995], ['green', 0.999]],
          queries: [query('1 - max(zoco:checkout_failure_ratio:5m{$ns}) or on() vector(1)')],
          dataLinks: [toDashboard('Service levels', 'slo')],
        }),
        number({
          title: 'Payments that succeed',
          description:
            'Of the tries to charge a card that came to an end. Declines by banks count against it.',
          unit: 'percentunit',
          decimals: 1,
          steps: [['red'], ['orange', 0.7], ['green', 0.85]],
          queries: [
            query(`sum(increase(zoco_payments_total{$ns, outcome="succeeded"}[$__range]))
              / (sum(increase(zoco_payments_total{$ns, outcome=~"succeeded|declined"}[$__range])) > 0) or on() vector(1)`),
          ],
        }),
        number({
          title: 'Alerts firing',
          description: 'All of them, whatever their severity.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query('count(ALERTS{$ns, alertstate="firing"}) or on() vector(0)')],
        }),
        number({
          title: 'Services up',
          description: 'Services of which at least one replica answers.',
          unit: 'short',
          decimals: 0,
          steps: [['red'], ['green', 7]],
          queries: [query('count(sum by (service) (up{$ns, job="zoco"}) > 0)')],
        }),
        curves({
          title: 'Orders per minute by what became of them',
          description: 'A gap between created and confirmed means that payments do not go through.',
          unit: 'short',
          width: 12,
          queries: [
            query(
              orZero('sum by (status) (rate(zoco_orders_total{$ns}[$__rate_interval])) * 60'),
              '{{status}}',
            ),
          ],
          dataLinks: [toDashboard('The checkout step by step', 'checkout')],
        }),
        curves({
          title: 'Revenue per minute',
          description: 'Totals of confirmed orders.',
          unit: 'short',
          stacked: true,
          width: 12,
          queries: [
            query(
              orZero('sum by (currency) (rate(zoco_orders_revenue_total{$ns}[$__rate_interval])) * 60'),
              '{{currency}}',
            ),
          ],
        }),
      ],
    },
    {
      title: 'At the door (gateway)',
      panels: [
        curves({
          title: 'Requests per second by status',
          description: 'What clients got. 499: the client left.',
          unit: 'reqps',
          stacked: true,
          queries: [
            query(
              'sum by (status) (rate(http_server_request_duration_seconds_count{$ns, service="gateway"}[$__rate_interval]))',
              '{{status}}',
            ),
          ],
          dataLinks: [toDashboard('The gateway', 'service', { service: 'gateway' })],
        }),
        curves({
          title: 'Time to answer',
          description:
            'From the first byte of a request to the end of its answer; dots are single requests, click them for their trace.',
          unit: 's',
          queries: quantiles('http_server_request_duration_seconds', '$ns, service="gateway"').map(
            ({ expr, legend, exemplar }) => query(expr, legend, { exemplar: exemplar ?? false }),
          ),
          dataLinks: [toTraces('Slow traces', '{resource.service.name="gateway" && duration>500ms}')],
        }),
        curves({
          title: 'Refused or cached',
          description: 'Requests beyond a rate limit, repeated to a service, or answered from the cache.',
          unit: 'reqps',
          queries: [
            query(
              orZero('sum by (policy) (rate(zoco_gateway_rate_limited_total{$ns}[$__rate_interval]))'),
              'limited by {{policy}}',
            ),
            query(orZero('sum(rate(zoco_gateway_retries_total{$ns}[$__rate_interval]))'), 'repeated'),
            query(
              orZero(
                'sum(rate(zoco_gateway_cache_lookups_total{$ns, result=~"hit|revalidated"}[$__rate_interval]))',
              ),
              'from the cache',
            ),
          ],
        }),
      ],
    },
    {
      title: 'Behind it, by service',
      panels: [
        curves({
          title: 'Requests per second',
          description: 'Traffic: by clients and by other services.',
          unit: 'reqps',
          queries: [
            query(
              'sum by (service) (rate(http_server_request_duration_seconds_count{$ns}[$__rate_interval]))',
              '{{service}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Server errors',
          description: 'Share of answers that are 5xx. Anything above 5 % alerts.',
          unit: 'percentunit',
          steps: [['green'], ['red', 0.05]],
          queries: [
            query(
              `(sum by (service) (rate(http_server_request_duration_seconds_count{$ns, status=~"5.."}[$__rate_interval]))
                or sum by (service) (rate(http_server_request_duration_seconds_count{$ns}[$__rate_interval])) * 0)
              / sum by (service) (rate(http_server_request_duration_seconds_count{$ns}[$__rate_interval]))`,
              '{{service}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Time to answer, p95',
          description: 'Latency of the slowest twentieth.',
          unit: 's',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, service) (rate(http_server_request_duration_seconds_bucket{$ns}[$__rate_interval])))',
              '{{service}}',
              { exemplar: true },
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Event loop lag, p99',
          description: 'Saturation of the process: above half a second nothing is on time.',
          unit: 's',
          steps: [['green'], ['red', 0.5]],
          queries: [query('max by (service) (nodejs_eventloop_lag_p99_seconds{$ns})', '{{service}}')],
          dataLinks: [toService],
        }),
        curves({
          title: 'Postgres pool in use',
          description: 'Saturation of the database: transactions wait at 100 %.',
          unit: 'percentunit',
          max: 1,
          queries: [
            query(
              `max by (service) (zoco_postgres_pool_connections{$ns, pool="runtime", state="in_use"}
                / ignoring (state) sum without (state) (zoco_postgres_pool_connections{$ns, pool="runtime"}))`,
              '{{service}}',
            ),
          ],
          dataLinks: [toDashboard('Postgres', 'postgres')],
        }),
        curves({
          title: 'Events that wait',
          description:
            'In outboxes for NATS, and in streams for their consumers. Both should come back to 0.',
          unit: 'short',
          queries: [
            query('max by (service) (zoco_outbox_pending{$ns}) > 0 or on() vector(0)', 'outbox {{service}}'),
            query(
              'sum by (service) (max by (service, consumer) (zoco_consumer_pending{$ns})) > 0 or on() vector(0)',
              'stream for {{service}}',
            ),
          ],
          dataLinks: [toDashboard('Messaging', 'messaging')],
        }),
      ],
    },
    {
      title: 'What must be 0',
      panels: [
        number({
          title: 'Dead letters',
          description: 'Events that nobody could handle and nobody has redriven.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query(orZero('sum(max by (service, consumer) (zoco_dead_letters{$ns}))'))],
          dataLinks: [toDashboard('Messaging', 'messaging')],
        }),
        number({
          title: 'Oversold products',
          description: 'More reserved than on hand.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query('max(zoco_stock_oversold_products{$ns})')],
        }),
        number({
          title: 'Unbalanced journals',
          description: 'Entries of the ledger that do not add up to 0.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query('max(zoco_ledger_unbalanced_journals{$ns})')],
        }),
        number({
          title: 'Breakers open',
          description: 'Services that the gateway sends nothing to.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query(orZero('sum(max by (upstream) (zoco_gateway_breaker_open{$ns}))'))],
        }),
        number({
          title: 'Payments for a person',
          description: 'What no program can settle, in the time range.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query(orZero('sum(increase(zoco_payments_attention_total{$ns}[$__range]))'))],
        }),
        number({
          title: 'Requests refused',
          description: 'Answered 503 because a process had too much to do, in the time range.',
          unit: 'short',
          decimals: 0,
          steps: ZERO_IS_GOOD,
          queries: [query(orZero('sum(increase(zoco_requests_refused_total{$ns}[$__range]))'))],
        }),
      ],
    },
  ],
};
