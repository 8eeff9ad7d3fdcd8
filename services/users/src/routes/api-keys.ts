import { z } from '@hono/zod-openapi';
import {
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  pageOf,
  pageQuery,
  SCOPES,
  toPage,
} from '@zoco/service';
import { createApiKey } from '../actions/create-api-key.ts';
import { identifyActor } from '../actions/identify-actor.ts';
import { revokeApiKey } from '../actions/revoke-api-key.ts';
import { type ApiKey, listApiKeys } from '../db/api-keys.ts';
import { API_KEY_DAYS_DEFAULT, API_KEY_DAYS_MAX } from '../rules/api-key.ts';
import type { UsersDeps } from '../users-deps.ts';
import { jsonContent } from './json-content.ts';
import { personOf } from './person.ts';
import { lineField } from './user-schema.ts';

const roleField = z.enum(['staff', 'admin']);
const scopesField = z
  .array(z.enum(SCOPES))
  .min(1)
  .max(SCOPES.length)
  .transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope)))
  .openapi({ type: 'array', items: { type: 'string', enum: [...SCOPES] } });

const apiKeyInput = z
  .strictObject({
    name: lineField(100),
    scopes: scopesField,
    role: roleField.default('staff').openapi({
      description: 'What the key counts as; `users:*` and `tenants:*` need `admin`.',
    }),
    expires_in_days: z.int().min(1).max(API_KEY_DAYS_MAX).default(API_KEY_DAYS_DEFAULT),
  })
  .openapi('ApiKeyInput', {
    example: { name: 'Nightly import', scopes: ['products:read', 'products:write'], expires_in_days: 90 },
  });

const apiKeySchema = z
  .object({
    id: z.string().openapi({ example: 'key_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    name: z.string(),
    role: roleField,
    scopes: z.array(z.enum(SCOPES)),
    created_by: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
    last_used_at: z.string().nullable(),
  })
  .openapi('ApiKey');

const newApiKeySchema = apiKeySchema
  .extend({
    api_key: z.string().openapi({
      description: 'The key itself. It is shown this once and stored nowhere.',
      example: 'zk_libros.kBzW0lPz3pVvXrH9v3J1oYc2bQm8nTqKf5sDgE7uAaU',
    }),
  })
  .openapi('NewApiKey');

const apiKeyView = (key: ApiKey): z.infer<typeof apiKeySchema> => ({
  id: key.id,
  name: key.name,
  role: key.role,
  scopes: key.scopes,
  created_by: key.createdBy,
  created_at: key.createdAt.toISOString(),
  expires_at: key.expiresAt.toISOString(),
  last_used_at: key.lastUsedAt?.toISOString() ?? null,
});

const params = z.object({ id: z.string().max(64).openapi({ example: 'key_01jqb3k5xwf7kt3qk5v1y6zj3m' }) });
const cursorKey = z.tuple([z.string()]);
const tags = ['API keys'];

const createRoute = defineRoute({
  method: 'post',
  path: '/api/v1/api-keys',
  access: atLeast('admin', 'users:write'),
  summary: 'Create an API key for a machine client',
  description:
    'Machines send it as `Authorization: Bearer zk_…`. It can do what its scopes and its role both allow, never more than its maker, and cannot make further keys.',
  tags,
  request: { body: jsonContent(apiKeyInput) },
  responses: { 201: { description: 'The key, shown this once.', ...jsonContent(newApiKeySchema) } },
});

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/api-keys',
  access: atLeast('admin', 'users:read'),
  summary: 'List API keys that are not revoked, newest first',
  tags,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: { description: 'A page of keys.', ...jsonContent(pageOf(apiKeySchema)) } },
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/api-keys/{id}',
  access: atLeast('admin', 'users:write'),
  summary: 'Revoke an API key',
  description: 'Access tokens that it was exchanged for end within five minutes.',
  tags,
  request: { params },
  responses: { 204: { description: 'The key is worth nothing any more.' } },
  problems: [404],
});

export function apiKeyRoutes({ db }: Pick<UsersDeps, 'db'>) {
  const router = createRouter();

  router.openapi(createRoute, async (c) => {
    const ctx = c.var.userCtx;
    const id = personOf(ctx);
    const { expires_in_days: days, ...input } = c.req.valid('json');
    const { roles } = await identifyActor(db, ctx.principal, 'admin');
    const { apiKey, key } = await createApiKey(ctx, { id, roles }, { ...input, days });
    c.header('cache-control', 'no-store');
    return c.json({ ...apiKeyView(apiKey), api_key: key }, 201);
  });

  router.openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const [after] = cursor ? decodeCursor(cursor, 'api-keys', cursorKey) : [];
    const rows = await c.var.ctx.read((tx) => listApiKeys(tx, limit, after));
    const page = toPage(rows, limit, (last) => encodeCursor('api-keys', [last.id]));
    return c.json({ ...page, data: page.data.map(apiKeyView) }, 200);
  });

  router.openapi(deleteRoute, async (c) => {
    await identifyActor(db, c.var.userCtx.principal, 'admin');
    await revokeApiKey(c.var.userCtx, c.req.valid('param').id);
    return c.body(null, 204);
  });

  return router;
}
