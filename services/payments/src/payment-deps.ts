import type { Database } from '@zoco/postgres';
import type { Failpoint, Logger } from '@zoco/service';
import type { Config } from './config.ts';
import type { StripeCalls } from './stripe-calls.ts';

/** What the actions need of the world. */
export interface PaymentDeps {
  readonly db: Database;
  readonly stripe: StripeCalls;
  readonly log: Logger;
  readonly failpoint: Failpoint;
  readonly settings: Pick<
    Config,
    'PAYMENTS_LEASE_SECONDS' | 'PAYMENTS_RECONCILE_FIRST_SECONDS' | 'PAYMENTS_RECONCILE_MAX_SECONDS'
  >;
}
