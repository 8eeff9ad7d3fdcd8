import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  type AppEnv,
  type CallService,
  createApp,
  type Failpoint,
  type GuardDeps,
  type Logger,
} from '@zoco/service';
import type { Config } from './config.ts';
import type { ProductCache } from './product-cache.ts';
import { bookRoutes } from './routes/books.ts';
import { importRoutes } from './routes/import.ts';
import { internalRoutes } from './routes/internal.ts';
import { productRoutes } from './routes/products.ts';
import { recommendationRoutes } from './routes/recommendations.ts';
import { searchRoutes } from './routes/search.ts';
import { stockRoutes } from './routes/stock.ts';

export interface RouteDeps {
  readonly config: Pick<Config, 'CATALOG_IMPORT_BYTES_MAX'>;
  readonly call: CallService;
  readonly cache: ProductCache;
  readonly failpoint: Failpoint;
}

export interface AppDeps extends RouteDeps, GuardDeps {
  readonly config: Pick<Config, 'CATALOG_IMPORT_BYTES_MAX' | 'SERVICE_VERSION' | 'REQUESTS_IN_FLIGHT_MAX'>;
  readonly log: Logger;
}

/** Fixed paths come before those with an id, which would take them. */
export const routers = (deps: RouteDeps): OpenAPIHono<AppEnv>[] => [
  searchRoutes(deps),
  recommendationRoutes(deps),
  importRoutes(deps),
  stockRoutes(deps),
  productRoutes(deps),
  bookRoutes(deps),
  internalRoutes(deps),
];

export function createCatalogApp(deps: AppDeps): OpenAPIHono<AppEnv> {
  return createApp({
    ...deps,
    service: 'catalog',
    version: deps.config.SERVICE_VERSION,
    requestsInFlightMax: deps.config.REQUESTS_IN_FLIGHT_MAX,
    routes: routers(deps),
  });
}
