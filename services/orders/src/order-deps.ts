import type { CallService, Failpoint, Logger } from '@zoco/service';
import type { Buyers } from './buyers.ts';
import type { Config } from './config.ts';
import type { OrderNumbers } from './order-numbers.ts';

/** What the actions need beside the request's ctx. */
export interface OrderDeps {
  readonly config: Pick<
    Config,
    | 'ORDERS_OPEN_MAX'
    | 'ORDERS_LINES_MAX'
    | 'ORDERS_QUANTITY_MAX'
    | 'ORDERS_TRANSFER_DAYS'
    | 'ORDERS_LEASE_SECONDS'
    | 'ORDERS_PENDING_SECONDS'
  >;
  readonly call: CallService;
  readonly buyers: Buyers;
  readonly numbers: OrderNumbers;
  readonly failpoint: Failpoint;
  readonly log: Logger;
}
