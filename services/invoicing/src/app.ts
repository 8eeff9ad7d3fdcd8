import type { OpenAPIHono } from '@hono/zod-openapi';
import { type AppEnv, createApp, type GuardDeps, type Logger } from '@zoco/service';
import type { Config } from './config.ts';
import { invoiceRoutes } from './routes/invoices.ts';

export interface AppDeps extends GuardDeps {
  readonly config: Pick<Config, 'SERVICE_VERSION' | 'REQUESTS_IN_FLIGHT_MAX'>;
  readonly log: Logger;
}

export const routers = (): OpenAPIHono<AppEnv>[] => [invoiceRoutes()];

export function createInvoicingApp(deps: AppDeps): OpenAPIHono<AppEnv> {
  return createApp({
    ...deps,
    service: 'invoicing',
    version: deps.config.SERVICE_VERSION,
    requestsInFlightMax: deps.config.REQUESTS_IN_FLIGHT_MAX,
    routes: routers(),
  });
}
