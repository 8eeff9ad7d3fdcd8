import { writeFile } from 'node:fs/promises';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from './context.ts';
import { createRouter } from './route.ts';

export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** The OpenAPI 3.1 document of a service's routers. */
export function openapiDocument(routers: readonly OpenAPIHono<AppEnv>[], info: DocumentInfo) {
  const app = createRouter();
  for (const router of routers) app.route('/', router);
  app.openAPIRegistry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Access token from `POST /api/v1/users/login`, or an API key.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'serviceToken', {
    type: 'apiKey',
    in: 'header',
    name: 'x-zoco-service-token',
    description: 'Token of a calling service; not reachable from outside.',
  });
  return app.getOpenAPI31Document({ openapi: '3.1.0', info: { ...info, license: { name: 'Apache-2.0' } } });
}

/** Writes the document with stable key order of its paths, so that the committed file only changes with the API. */
export async function writeOpenapi(
  file: URL,
  routers: readonly OpenAPIHono<AppEnv>[],
  info: DocumentInfo,
): Promise<void> {
  const document = openapiDocument(routers, info);
  const paths = Object.fromEntries(
    Object.entries(document.paths ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  await writeFile(file, `${JSON.stringify({ ...document, paths }, null, 2)}\n`);
}
