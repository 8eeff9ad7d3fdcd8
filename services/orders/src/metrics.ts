import { toUnits } from '@zoco/kernel';
import { registry } from '@zoco/service';
import { Counter, Gauge, Histogram } from 'prom-client';

export const ordersBecame = new Counter({
  name: 'zoco_orders_total',
  help: 'Orders that came into a status, by status.',
  labelNames: ['status'],
  registers: [registry],
});

const revenue = new Counter({
  name: 'zoco_orders_revenue_total',
  help: 'Totals of the orders that were confirmed, in units of the currency (ISO 4217), tax included.',
  labelNames: ['currency'],
  registers: [registry],
});

/** Counts an order that was confirmed just now. */
export function countConfirmed(order: { readonly totalCents: number; readonly currency: string }): void {
  ordersBecame.inc({ status: 'confirmed' });
  revenue.inc({ currency: order.currency }, toUnits(order.totalCents, order.currency));
}

export const checkoutDuration = new Histogram({
  name: 'zoco_order_checkout_duration_seconds',
  help: 'Time to place an order, the catalog included, by outcome: created, refused, replayed, failed.',
  labelNames: ['outcome'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});

export const ordersOpen = new Gauge({
  name: 'zoco_orders_open',
  help: 'Orders that wait for something, by status: pending for stock, created for payment, cancel_pending for a refund.',
  labelNames: ['status'],
  registers: [registry],
});

export const streamsOpen = new Gauge({
  name: 'zoco_order_streams_open',
  help: 'Clients that watch an order live.',
  registers: [registry],
});
