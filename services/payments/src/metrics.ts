import { registry } from '@zoco/service';
import { Counter, Histogram } from 'prom-client';

export const stripeDuration = new Histogram({
  name: 'zoco_stripe_call_duration_seconds',
  help: 'Time of a call to Stripe by call and outcome: done, refused, key_taken, finished, unknown.',
  labelNames: ['call', 'outcome'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [registry],
});

export const paymentsBecame = new Counter({
  name: 'zoco_payments_total',
  help: 'Payments by what became of them: created, succeeded, declined, canceled, refunded.',
  labelNames: ['outcome'],
  registers: [registry],
});

export const lateCaptures = new Counter({
  name: 'zoco_payments_late_captures_total',
  help: 'Captures for orders that were over, refunded by themselves. Each one deserves a look.',
  registers: [registry],
});

export const attention = new Counter({
  name: 'zoco_payments_attention_total',
  help: 'What a person has to look at, by reason: amount_mismatch, refund_failed, refund_returned, provider_refused_us.',
  labelNames: ['reason'],
  registers: [registry],
});

export const webhookEvents = new Counter({
  name: 'zoco_stripe_events_total',
  help: 'Signed events by outcome: taken, repeated, foreign, wrong_mode.',
  labelNames: ['outcome'],
  registers: [registry],
});
