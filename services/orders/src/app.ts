import type { OpenAPIHono } from '@hono/zod-openapi';
import { type AppEnv, createApp, type GuardDeps } from '@zoco/service';
import type { Config } from './config.ts';
import type { OrderDeps } from './order-deps.ts';
import type { OrderStreams } from './order-streams.ts';
import { internalRoutes } from './routes/internal.ts';
import { orchestratorRoutes } from './routes/orchestrator.ts';
import { orderEventRoutes } from './routes/order-events.ts';
import { orderStepRoutes } from './routes/order-steps.ts';
import { orderRoutes } from './routes/orders.ts';
import { purchaseRoutes } from './routes/purchases.ts';

export interface AppDeps extends GuardDeps, OrderDeps {
  readonly config: OrderDeps['config'] & Pick<Config, 'SERVICE_VERSION' | 'REQUESTS_IN_FLIGHT_MAX'>;
  readonly streams: OrderStreams;
}

export function createOrdersApp(deps: AppDeps): OpenAPIHono<AppEnv> {
  return createApp({
    ...deps,
    service: 'orders',
    version: deps.config.SERVICE_VERSION,
    requestsInFlightMax: deps.config.REQUESTS_IN_FLIGHT_MAX,
    routes: routers(deps),
  });
}

export function routers(deps: OrderDeps & { streams: OrderStreams }): OpenAPIHono<AppEnv>[] {
  return [
    orderRoutes(deps),
    orderStepRoutes(deps),
    orderEventRoutes(deps.streams),
    orchestratorRoutes(deps),
    purchaseRoutes(),
    internalRoutes(deps),
  ];
}
