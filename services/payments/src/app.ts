import type { OpenAPIHono } from '@hono/zod-openapi';
import { type AppEnv, createApp, type GuardDeps, type Logger } from '@zoco/service';
import type { Stripe } from 'stripe';
import type { Config } from './config.ts';
import type { PaymentDeps } from './payment-deps.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { payRoutes } from './routes/pay.ts';
import { paymentRoutes } from './routes/payments.ts';
import { refundRoutes } from './routes/refunds.ts';
import { voidRoutes } from './routes/void.ts';
import { webhookRoutes } from './routes/webhook.ts';
import type { Work } from './work.ts';

export interface RouteDeps {
  readonly payments: PaymentDeps;
  readonly work: Work;
  /** For signatures only; calls go through `payments.stripe`. */
  readonly stripe: Stripe;
  readonly config: Pick<
    Config,
    | 'STRIPE_SECRET_KEY'
    | 'STRIPE_WEBHOOK_SECRET'
    | 'STRIPE_WEBHOOK_SECRET_PREVIOUS'
    | 'PAYMENTS_REQUEST_WAIT_MS'
  >;
}

export interface AppDeps extends Omit<RouteDeps, 'config'>, GuardDeps {
  readonly config: RouteDeps['config'] & Pick<Config, 'SERVICE_VERSION' | 'REQUESTS_IN_FLIGHT_MAX'>;
  readonly log: Logger;
}

/** The ledger comes before the payment of an id, which would match its path too. */
export const routers = (deps: RouteDeps): OpenAPIHono<AppEnv>[] => [
  ledgerRoutes(),
  webhookRoutes(deps),
  payRoutes(deps),
  paymentRoutes(deps),
  refundRoutes(deps),
  voidRoutes(deps),
];

export function createPaymentsApp(deps: AppDeps): OpenAPIHono<AppEnv> {
  return createApp({
    ...deps,
    service: 'payments',
    version: deps.config.SERVICE_VERSION,
    requestsInFlightMax: deps.config.REQUESTS_IN_FLIGHT_MAX,
    routes: routers(deps),
  });
}
