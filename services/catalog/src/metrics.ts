import { registry } from '@zoco/service';
import { Counter, Gauge } from 'prom-client';

export const cacheLookups = new Counter({
  name: 'zoco_product_cache_lookups_total',
  help: 'Reads that the memory of the service could (hit) or could not (miss) answer, by kind: product, answer.',
  labelNames: ['kind', 'result'],
  registers: [registry],
});

export const reservations = new Counter({
  name: 'zoco_stock_reservations_total',
  help: 'Reservations asked for, by outcome: held, replayed, stock_insufficient, product_unavailable, conflict.',
  labelNames: ['outcome'],
  registers: [registry],
});

export const settlements = new Counter({
  name: 'zoco_stock_settlements_total',
  help: 'Reservations that ended, by settlement: commit, release, return.',
  labelNames: ['settlement'],
  registers: [registry],
});

export const oversoldProducts = new Gauge({
  name: 'zoco_stock_oversold_products',
  help: 'Products of which more is reserved than on hand. Anything but 0 is a bug.',
  registers: [registry],
});
