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
import type { OwnCheckouts } from './own-checkouts.ts';
import { cartRoutes } from './routes/cart.ts';
import { checkoutRoutes } from './routes/checkout.ts';
import { itemRoutes } from './routes/items.ts';

export type CartSettings = Pick<Config, 'CART_TOKEN_KEY' | 'CART_CHECKOUT_HOLD_SECONDS'>;

export interface RouteDeps {
  readonly config: CartSettings;
  readonly call: CallService;
  readonly own: OwnCheckouts;
  readonly log: Logger;
  readonly failpoint: Failpoint;
}

export interface AppDeps extends RouteDeps, GuardDeps {
  readonly config: CartSettings & Pick<Config, 'SERVICE_VERSION' | 'REQUESTS_IN_FLIGHT_MAX'>;
}

export const routers = (deps: RouteDeps): OpenAPIHono<AppEnv>[] => [
  cartRoutes(deps),
  itemRoutes(deps),
  checkoutRoutes(deps),
];

export function createCartApp(deps: AppDeps): OpenAPIHono<AppEnv> {
  return createApp({
    ...deps,
    service: 'cart',
    version: deps.config.SERVICE_VERSION,
    requestsInFlightMax: deps.config.REQUESTS_IN_FLIGHT_MAX,
    routes: routers(deps),
  });
}
