import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Problem } from '@zoco/kernel';
import {
  type AppEnv,
  createRouter,
  internalErrorResponse,
  type Logger,
  problemResponse,
} from '@zoco/service';
import type { ReadDeployments } from './deployments.ts';
import type { KeySet } from './key-set.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { REFERENCE_PATHS, referenceRoutes, type ReferenceOptions } from './routes/reference.ts';
import type { CheckServices } from './service-status.ts';

export interface OwnPagesOptions extends ReferenceOptions {
  readonly checkServices: CheckServices;
  readonly readDeployments: ReadDeployments;
  readonly keys: KeySet;
  readonly log: Logger;
}

/** Paths that the gateway answers itself. */
export const OWN_PATHS: ReadonlySet<string> = new Set([
  '/health',
  '/status',
  '/.well-known/jwks.json',
  ...REFERENCE_PATHS,
]);

/** The pages that are part of the API's description. */
export function routers(
  options: Pick<OwnPagesOptions, 'checkServices' | 'readDeployments' | 'keys' | 'version'>,
) {
  return [healthRoutes(options), keyRoutes(options)] as const;
}

/** The gateway's own pages. What is passed on to a service never comes here: see proxy.ts. */
export function createOwnPages(options: OwnPagesOptions): RequestListener {
  const app: OpenAPIHono<AppEnv> = createRouter();
  for (const router of routers(options)) app.route('/', router);
  app.route('/', referenceRoutes(options));
  app.onError((error, c) => {
    if (error instanceof Problem) return problemResponse(error, c.req.path);
    options.log.error({ err: error }, 'unexpected failure');
    return internalErrorResponse(c.req.path);
  });
  app.notFound((c) =>
    problemResponse(new Problem('not_found', 'route_not_found', 'There is no such route.'), c.req.path),
  );
  const listener = getRequestListener(app.fetch);
  return (request, response) => void listener(request, response);
}
