import type { OpenAPIHono } from '@hono/zod-openapi';
import { type AppEnv, createApp, type GuardDeps, type Logger } from '@zoco/service';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { customerRoutes } from './routes/customers.ts';
import { favoriteRoutes, wishlistRoutes } from './routes/favorites.ts';
import { internalRoutes } from './routes/internal.ts';
import { keySetRoutes } from './routes/key-set.ts';
import { profileRoutes } from './routes/profile.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { tenantRoutes } from './routes/tenants.ts';
import { userRoutes } from './routes/users.ts';
import type { UsersDeps } from './users-deps.ts';

export interface AppDeps extends UsersDeps, Pick<GuardDeps, 'identity' | 'verifyToken'> {
  readonly version: string;
  readonly log: Logger;
  readonly requestsInFlightMax: number;
}

export const routers = (deps: UsersDeps): OpenAPIHono<AppEnv>[] => [
  keySetRoutes(deps.keys),
  sessionRoutes(deps),
  profileRoutes(deps),
  favoriteRoutes(),
  wishlistRoutes(),
  // After those above: `/users/{id}` would match `/users/profile` as well.
  userRoutes(deps),
  customerRoutes(),
  tenantRoutes(deps),
  apiKeyRoutes(deps),
  internalRoutes(deps),
];

export function createUsersApp(deps: AppDeps): OpenAPIHono<AppEnv> {
  return createApp({ ...deps, service: 'users', routes: routers(deps) });
}
