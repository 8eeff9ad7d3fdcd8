import { z } from '@hono/zod-openapi';
import { roleField } from '@zoco/contracts';
import {
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  pageOf,
  pageQuery,
  toPage,
} from '@zoco/service';
import { deleteUser } from '../actions/delete-user.ts';
import { identifyActor } from '../actions/identify-actor.ts';
import { updateUser } from '../actions/update-user.ts';
import { getUser, listUsers } from '../db/users.ts';
import type { UsersDeps } from '../users-deps.ts';
import { jsonContent } from './json-content.ts';
import { lineField, userSchema, userView } from './user-schema.ts';

const listQuery = z.strictObject({
  ...pageQuery,
  search: lineField(100).optional().openapi({ description: 'Part of the e-mail address or the name.' }),
  role: roleField.optional(),
  active: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ type: 'boolean' }),
});

const userPatch = z
  .strictObject({
    first_name: lineField(100).optional(),
    last_name: lineField(100).optional(),
    roles: z
      .array(roleField)
      .min(1)
      .max(4)
      .transform((roles) => roleField.options.filter((role) => roles.includes(role)))
      .optional()
      .openapi({ type: 'array', items: { type: 'string', enum: [...roleField.options] } }),
    active: z.boolean().optional().openapi({ description: 'Who is not active is signed out and stays out.' }),
  })
  .openapi('UserPatch', { example: { roles: ['staff'] } });

const params = z.object({ id: z.string().max(64).openapi({ example: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m' }) });
const cursorKey = z.tuple([z.string()]);
const tags = ['user administration'];

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users',
  access: atLeast('admin', 'users:read'),
  summary: 'List users',
  description: 'In order of registration.',
  tags,
  request: { query: listQuery },
  responses: { 200: { description: 'A page of users.', ...jsonContent(pageOf(userSchema)) } },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users/{id}',
  access: atLeast('admin', 'users:read'),
  summary: 'One user',
  tags,
  request: { params },
  responses: { 200: { description: 'The user.', ...jsonContent(userSchema) } },
  problems: [404],
});

const patchRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/users/{id}',
  access: atLeast('admin', 'users:write'),
  summary: 'Change a user, with roles and state',
  description:
    'Nobody gives a role above his own (403 `role_above_own`), and a tenant keeps its last administrator (409 `admin_last`). New roles are in the next access token, which is 15 minutes away at most.',
  tags,
  request: { params, body: jsonContent(userPatch) },
  responses: { 200: { description: 'The user as he is now.', ...jsonContent(userSchema) } },
  problems: [404, 409],
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/users/{id}',
  access: atLeast('admin', 'users:write'),
  summary: 'Delete a user',
  description: 'Signs him out everywhere. His orders stay; his e-mail address may be registered anew.',
  tags,
  request: { params },
  responses: { 204: { description: 'The user is gone.' } },
  problems: [404, 409],
});

/** Registered after the routes of one's own account: `/users/{id}` would match their paths too. */
export function userRoutes({ db }: Pick<UsersDeps, 'db'>) {
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const { limit, cursor, search, role, active } = c.req.valid('query');
    const scope = JSON.stringify(['users', search, role, active]);
    const [after] = cursor ? decodeCursor(cursor, scope, cursorKey) : [];
    const rows = await c.var.ctx.read((tx) => listUsers(tx, { limit, search, role, active, after }));
    const page = toPage(rows, limit, (last) => encodeCursor(scope, [last.id]));
    return c.json({ ...page, data: page.data.map(userView) }, 200);
  });

  router.openapi(getRoute, async (c) => {
    const user = await c.var.ctx.read((tx) => getUser(tx, c.req.valid('param').id));
    return c.json(userView(user), 200);
  });

  router.openapi(patchRoute, async (c) => {
    const { first_name, last_name, roles, active } = c.req.valid('json');
    const actor = await identifyActor(db, c.var.userCtx.principal, 'admin');
    const change = { firstName: first_name, lastName: last_name, roles, active };
    return c.json(userView(await updateUser(c.var.userCtx, actor, c.req.valid('param').id, change)), 200);
  });

  router.openapi(deleteRoute, async (c) => {
    const actor = await identifyActor(db, c.var.userCtx.principal, 'admin');
    await deleteUser(c.var.userCtx, actor, c.req.valid('param').id);
    return c.body(null, 204);
  });

  return router;
}
