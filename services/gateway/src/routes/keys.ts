import { createRouter, defineRoute, open } from '@zoco/service';
import type { KeySet } from '../key-set.ts';
import { z } from '@hono/zod-openapi';

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }).openapi('KeySet', {
  example: {
    keys: [
      {
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        kid: 'key_01jqb3k5xwf7kt3qk5v1y6zj3m',
        x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      },
    ],
  },
});

export function keyRoutes({ keys }: { keys: KeySet }) {
  return createRouter().openapi(
    defineRoute({
      method: 'get',
      path: '/.well-known/jwks.json',
      access: open,
      summary: 'Public keys of access tokens',
      description: 'JSON Web Key Set (RFC 7517) to verify access tokens with: EdDSA, issuer `zoco-users`.',
      tags: ['gateway'],
      responses: {
        200: { description: 'The key set.', content: { 'application/json': { schema: keySet } } },
      },
    }),
    async (c) => {
      const document = await keys.get();
      c.header('cache-control', 'public, max-age=60');
      return c.json(document, 200);
    },
  );
}
