import { registry } from '@zoco/service';
import { Counter, Gauge, Histogram } from 'prom-client';

export const published = new Counter({
  name: 'zoco_events_published_total',
  help: 'Events that JetStream acknowledged, by type.',
  labelNames: ['type'],
  registers: [registry],
});

export const publishFailures = new Counter({
  name: 'zoco_events_publish_failures_total',
  help: 'Publishes without an acknowledgement; the event stays in the outbox.',
  registers: [registry],
});

export const outboxPending = new Gauge({
  name: 'zoco_outbox_pending',
  help: 'Events in the outbox that are not published yet.',
  registers: [registry],
});

export const outboxAge = new Gauge({
  name: 'zoco_outbox_oldest_age_seconds',
  help: 'Age of the oldest event that is not published yet; 0 when there is none.',
  registers: [registry],
});

export const handled = new Counter({
  name: 'zoco_events_handled_total',
  help: 'Deliveries by consumer and outcome: done, duplicate, retried, postponed, dead.',
  labelNames: ['consumer', 'outcome'],
  registers: [registry],
});

/** Shows a consumer's counters before their first event: a rise can only be seen of what was there before it. */
export function countFromZero(consumer: string): void {
  for (const outcome of ['done', 'duplicate', 'retried', 'postponed', 'dead'])
    handled.inc({ consumer, outcome }, 0);
  redelivered.inc({ consumer }, 0);
}

export const handleDuration = new Histogram({
  name: 'zoco_event_handle_duration_seconds',
  help: 'Time to handle one delivery, commit included.',
  labelNames: ['consumer'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});

export const eventLag = new Histogram({
  name: 'zoco_event_lag_seconds',
  help: 'Time from the moment an event was recorded to the end of its handling.',
  labelNames: ['consumer'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300],
  registers: [registry],
});

export const deadLettersOpen = new Gauge({
  name: 'zoco_dead_letters',
  help: 'Dead letters that nobody has redriven, by consumer.',
  labelNames: ['consumer'],
  registers: [registry],
});

export const redelivered = new Counter({
  name: 'zoco_events_redelivered_total',
  help: 'Deliveries that were not the first one of their event, by consumer.',
  labelNames: ['consumer'],
  registers: [registry],
});

export const consumerPending = new Gauge({
  name: 'zoco_consumer_pending',
  help: 'Events that wait in the stream for this consumer.',
  labelNames: ['consumer'],
  registers: [registry],
});

export const consumerAckPending = new Gauge({
  name: 'zoco_consumer_ack_pending',
  help: 'Events delivered to this consumer and not yet acknowledged.',
  labelNames: ['consumer'],
  registers: [registry],
});

export const natsConnected = new Gauge({
  name: 'zoco_nats_connected',
  help: '1 while the connection to NATS stands.',
  registers: [registry],
});

export const natsReconnects = new Counter({
  name: 'zoco_nats_reconnects_total',
  help: 'Times that the connection to NATS was lost and came back.',
  registers: [registry],
});
