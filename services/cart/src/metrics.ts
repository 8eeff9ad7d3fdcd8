import { registry } from '@zoco/service';
import { Counter } from 'prom-client';

export const cartsCreated = new Counter({
  name: 'zoco_carts_created_total',
  help: 'Carts that got their first item.',
  registers: [registry],
});

export const cartsCheckedOut = new Counter({
  name: 'zoco_carts_checked_out_total',
  help: 'Carts that became an order.',
  registers: [registry],
});

export const checkouts = new Counter({
  name: 'zoco_cart_checkouts_total',
  help: 'Checkouts asked for, by outcome: placed, replayed, refused, unknown (orders did not answer).',
  labelNames: ['outcome'],
  registers: [registry],
});
