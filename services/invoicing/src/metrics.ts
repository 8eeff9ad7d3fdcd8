import { registry } from '@zoco/service';
import { Counter, Histogram } from 'prom-client';

export const documentsIssued = new Counter({
  name: 'zoco_invoices_issued_total',
  help: 'Documents issued, by kind: invoice, credit_note.',
  labelNames: ['kind'],
  registers: [registry],
});

export const renderDuration = new Histogram({
  name: 'zoco_invoice_render_duration_seconds',
  help: 'Time to draw a PDF, by kind: invoice, credit_note.',
  labelNames: ['kind'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  registers: [registry],
});
