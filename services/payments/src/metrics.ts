import { toUnits } from '@zoco/kernel';
import { registry } from '@zoco/service';
import { Counter, Gauge, Histogram } from 'prom-client';

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

const captured = new Counter({
  name: 'zoco_payments_captured_amount_total',
  help: 'Money taken, in units of the currency (ISO 4217).',
  labelNames: ['currency'],
  registers: [registry],
});

const refunded = new Counter({
  name: 'zoco_payments_refunded_amount_total',
  help: 'Money given back, in units of the currency (ISO 4217).',
  labelNames: ['currency'],
  registers: [registry],
});

/** Counts money that came in for a payment. */
export function countCaptured(amountCents: number, currency: string): void {
  paymentsBecame.inc({ outcome: 'succeeded' });
  captured.inc({ currency }, toUnits(amountCents, currency));
}

/** Counts money that went back. */
export function countRefunded(amountCents: number, currency: string): void {
  paymentsBecame.inc({ outcome: 'refunded' });
  refunded.inc({ currency }, toUnits(amountCents, currency));
}

export const unbalancedJournals = new Gauge({
  name: 'zoco_ledger_unbalanced_journals',
  help: 'Journals whose entries do not add up to 0, in the last look through the whole ledger or in the one under way.',
  registers: [registry],
});

export const ledgerCheckedAt = new Gauge({
  name: 'zoco_ledger_checked_timestamp_seconds',
  help: 'When the ledger was last looked at.',
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

// A rise can only be seen of what was there before it.
for (const reason of ['amount_mismatch', 'refund_failed', 'refund_returned', 'provider_refused_us'])
  attention.inc({ reason }, 0);

export const webhookEvents = new Counter({
  name: 'zoco_stripe_events_total',
  help: 'Webhooks by outcome: taken, repeated, foreign, wrong_mode, unsigned.',
  labelNames: ['outcome'],
  registers: [registry],
});
for (const outcome of ['taken', 'repeated', 'foreign', 'wrong_mode', 'unsigned'])
  webhookEvents.inc({ outcome }, 0);
