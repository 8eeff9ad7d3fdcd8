import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, open } from '@zoco/service';
import { publicJwkSchema, type SigningKeys } from '../signing-keys.ts';
import { jsonContent } from './json-content.ts';

const keySet = z
  .object({ keys: z.array(publicJwkSchema) })
  .openapi('JsonWebKeySet', { description: 'RFC 7517.' });

const keySetRoute = defineRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  access: open,
  summary: 'Keys that access tokens are verified with',
  description: 'The key that signs next, the present one, and those whose tokens may still be around.',
  tags: ['keys'],
  responses: { 200: { description: 'The keys.', ...jsonContent(keySet) } },
});

export function keySetRoutes(keys: SigningKeys) {
  const router = createRouter();
  router.openapi(keySetRoute, async (c) => {
    await keys.checkLoaded();
    c.header('cache-control', 'public, max-age=300');
    return c.json(keys.jwks(), 200);
  });
  return router;
}
