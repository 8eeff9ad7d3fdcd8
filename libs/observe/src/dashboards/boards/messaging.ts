import { type DashboardDraft, toDashboard, toTraces } from '../dashboard.ts';
import { ZERO_IS_GOOD } from '../field.ts';
import { bars, curves, number, table } from '../panel.ts';
import { orZero, query } from '../query.ts';

const traces = toTraces(
  'Traces of this consumer',
  '{span.messaging.consumer.group.name="${__field.labels.consumer}"}',
);

/** From the outbox through the streams to the consumers, and what fell by the way. */
export const messaging: DashboardDraft = {
  name: 'messaging',
  title: 'Messaging',
  description: 'Outboxes, streams, consumers and dead letters.',
  sections: [
    {
      title: 'At a glance',
      panels: [
        number({
          title: 'Oldest event in an outbox',
          description: 'The oldest that NATS has not taken; alerts above 30 s.',
          unit: 's',
          width: 6,
          steps: [['green'], ['orange', 10], ['red', 30]],
          queries: [query('max(zoco_outbox_oldest_age_seconds{$ns})')],
        }),
        number({
          title: 'Events that wait for consumers',
          description: 'In all streams, not yet delivered.',
          unit: 'short',
          decimals: 0,
          width: 6,
          queries: [query('sum(max by (consumer) (zoco_consumer_pending{$ns}))')],
        }),
        number({
          title: 'Dead letters',
          description: 'Parked, and not redriven.',
          unit: 'short',
          decimals: 0,
          width: 6,
          steps: ZERO_IS_GOOD,
          queries: [query(orZero('sum(max by (service, consumer) (zoco_dead_letters{$ns}))'))],
        }),
        number({
          title: 'Services without NATS',
          description: 'Those of which no replica has a connection. Their outboxes wait, their API goes on.',
          unit: 'short',
          decimals: 0,
          width: 6,
          steps: ZERO_IS_GOOD,
          queries: [query('count(max by (service) (zoco_nats_connected{$ns}) == 0) or on() vector(0)')],
        }),
      ],
    },
    {
      title: 'Out of the outbox',
      panels: [
        curves({
          title: 'Published per second',
          description: 'Events that JetStream has acknowledged.',
          unit: 'short',
          stacked: true,
          queries: [
            query('sum by (type) (rate(zoco_events_published_total{$ns}[$__rate_interval]))', '{{type}}'),
          ],
        }),
        curves({
          title: 'Waiting in outboxes',
          description: 'Rises while NATS is away, and falls to 0 after.',
          unit: 'short',
          queries: [query('max by (service) (zoco_outbox_pending{$ns})', '{{service}}')],
          dataLinks: [toDashboard('This service', 'service', { service: '${__field.labels.service}' })],
        }),
        curves({
          title: 'Age of the oldest',
          description: 'How long the first in line has waited.',
          unit: 's',
          steps: [['green'], ['red', 30]],
          queries: [query('max by (service) (zoco_outbox_oldest_age_seconds{$ns})', '{{service}}')],
        }),
      ],
    },
    {
      title: 'Into the consumers',
      panels: [
        curves({
          title: 'Handled per second',
          description: 'Deliveries that are finished, by consumer.',
          unit: 'short',
          stacked: true,
          queries: [
            query(
              'sum by (consumer) (rate(zoco_events_handled_total{$ns, outcome=~"done|duplicate"}[$__rate_interval]))',
              '{{consumer}}',
            ),
          ],
          dataLinks: [traces],
        }),
        curves({
          title: 'Waiting in streams',
          description: 'Events before a consumer, not delivered yet.',
          unit: 'short',
          queries: [query('max by (consumer) (zoco_consumer_pending{$ns})', '{{consumer}}')],
          dataLinks: [traces],
        }),
        curves({
          title: 'Delivered, not acknowledged',
          description: 'In hand, or waiting for the next try.',
          unit: 'short',
          queries: [query('max by (consumer) (zoco_consumer_ack_pending{$ns})', '{{consumer}}')],
          dataLinks: [traces],
        }),
        curves({
          title: 'From the fact to its effect, p95',
          description: 'From the moment an event was recorded to the end of its handling.',
          unit: 's',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, consumer) (rate(zoco_event_lag_seconds_bucket{$ns}[$__rate_interval])))',
              '{{consumer}}',
            ),
          ],
          dataLinks: [traces],
        }),
        curves({
          title: 'Time to handle, p95',
          description: 'One delivery, commit included.',
          unit: 's',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, consumer) (rate(zoco_event_handle_duration_seconds_bucket{$ns}[$__rate_interval])))',
              '{{consumer}}',
            ),
          ],
          dataLinks: [traces],
        }),
        curves({
          title: 'Tried again',
          description: 'Deliveries that failed and come again, and those that were not the first.',
          unit: 'short',
          queries: [
            query(
              orZero(
                'sum by (consumer) (rate(zoco_events_handled_total{$ns, outcome="retried"}[$__rate_interval])) > 0',
              ),
              'failed {{consumer}}',
            ),
            query(
              orZero('sum by (consumer) (rate(zoco_events_redelivered_total{$ns}[$__rate_interval])) > 0'),
              'redelivered {{consumer}}',
            ),
          ],
          dataLinks: [traces],
        }),
      ],
    },
    {
      title: 'By the way',
      panels: [
        bars({
          title: 'Dead letters by consumer',
          description: '`zoco redrive` hands them to their consumer again, once the cause is mended.',
          unit: 'short',
          width: 12,
          steps: ZERO_IS_GOOD,
          queries: [
            query(orZero('max by (service, consumer) (zoco_dead_letters{$ns}) > 0'), '{{consumer}}', {
              instant: true,
            }),
          ],
        }),
        table({
          title: 'Consumers',
          description: 'Over the time range.',
          unit: 'short',
          width: 12,
          sortBy: 'Done',
          columns: [{ title: 'Done' }, { title: 'Duplicates' }, { title: 'In line' }],
          queries: [
            query(
              'sum by (consumer) (increase(zoco_events_handled_total{$ns, outcome="done"}[$__range]))',
              '',
              { instant: true },
            ),
            query(
              orZero(
                'sum by (consumer) (increase(zoco_events_handled_total{$ns, outcome="duplicate"}[$__range]))',
              ),
              '',
              { instant: true },
            ),
            query('max by (consumer) (zoco_consumer_pending{$ns})', '', { instant: true }),
          ],
        }),
      ],
    },
  ],
};
