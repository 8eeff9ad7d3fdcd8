import { z } from '@hono/zod-openapi';
import { isTenantId, type TenantId } from '@zoco/kernel';
import {
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  hasRole,
  pageOf,
  pageQuery,
  tenantNotFound,
  toPage,
  type UserCtx,
} from '@zoco/service';
import { createTenant } from '../actions/create-tenant.ts';
import { identifyActor } from '../actions/identify-actor.ts';
import { listTenants } from '../actions/list-tenants.ts';
import { updateTenant } from '../actions/update-tenant.ts';
import { findTenant } from '../db/tenants.ts';
import { assertOwnFields, withDefaults } from '../rules/tenant-settings.ts';
import type { UsersDeps } from '../users-deps.ts';
import { jsonContent } from './json-content.ts';
import { tenantInput, tenantPatch, tenantSchema } from './tenant-schema.ts';
import { lineField } from './user-schema.ts';

const params = z.object({ id: z.string().max(64).openapi({ example: 'libros' }) });
const listQuery = z.strictObject({
  ...pageQuery,
  search: lineField(100).optional().openapi({ description: 'Part of id or name.' }),
});
const cursorKey = z.tuple([z.string()]);
const tags = ['tenants'];

const createRoute = defineRoute({
  method: 'post',
  path: '/api/v1/tenants',
  access: atLeast('platform', 'tenants:write'),
  summary: 'Create a tenant with its first administrator',
  description: 'Both or neither come to be. What is left out takes a default.',
  tags,
  request: { body: jsonContent(tenantInput) },
  responses: { 201: { description: 'The tenant.', ...jsonContent(tenantSchema) } },
  problems: [409],
});

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/tenants',
  access: atLeast('platform', 'tenants:read'),
  summary: 'List tenants by id',
  tags,
  request: { query: listQuery },
  responses: { 200: { description: 'A page of tenants.', ...jsonContent(pageOf(tenantSchema)) } },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{id}',
  access: atLeast('admin', 'tenants:read'),
  summary: 'One tenant',
  description: 'Administrators see their own, the platform all.',
  tags,
  request: { params },
  responses: { 200: { description: 'The tenant.', ...jsonContent(tenantSchema) } },
  problems: [404],
});

const patchRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/tenants/{id}',
  access: atLeast('admin', 'tenants:write'),
  summary: 'Change the settings of a tenant',
  description:
    'What is left out stays. An administrator changes his own tenant, but for `active`, `rate_limits`, `hostnames` and `currency`, which are the platform’s (403 `tenant_field_forbidden`).',
  tags,
  request: { params, body: jsonContent(tenantPatch) },
  responses: { 200: { description: 'The tenant as it is now.', ...jsonContent(tenantSchema) } },
  problems: [404, 409],
});

export function tenantRoutes(deps: Pick<UsersDeps, 'db' | 'hasher' | 'tenants'>) {
  const router = createRouter();

  router.openapi(createRoute, async (c) => {
    const { admin, ...given } = c.req.valid('json');
    await identifyActor(deps.db, c.var.userCtx.principal, 'platform');
    const names = { firstName: admin.first_name ?? 'Admin', lastName: admin.last_name ?? given.name };
    const input = withDefaults(given);
    const { email, password } = admin;
    const { settings } = await createTenant(deps, input, { email, password, ...names });
    deps.tenants.forget(settings.id);
    return c.json(settings, 201);
  });

  router.openapi(listRoute, async (c) => {
    const { limit, cursor, search } = c.req.valid('query');
    const scope = JSON.stringify(['tenants', search]);
    const [after] = cursor ? decodeCursor(cursor, scope, cursorKey) : [];
    const rows = await listTenants(deps.db, { limit, search, after });
    return c.json(
      toPage(rows, limit, (last) => encodeCursor(scope, [last.id])),
      200,
    );
  });

  router.openapi(getRoute, async (c) => {
    const id = visibleTenant(c.var.userCtx, c.req.valid('param').id);
    const settings = await deps.db.read(id, (tx) => findTenant(tx, id));
    if (settings === undefined) throw tenantNotFound();
    return c.json(settings, 200);
  });

  router.openapi(patchRoute, async (c) => {
    const id = visibleTenant(c.var.userCtx, c.req.valid('param').id);
    const patch = c.req.valid('json');
    const actor = await identifyActor(deps.db, c.var.userCtx.principal, 'admin');
    if (!hasRole(actor.roles, 'platform')) assertOwnFields(patch);
    const settings = await updateTenant(deps.db, id, patch);
    deps.tenants.forget(id);
    return c.json(settings, 200);
  });

  return router;
}

/** Another tenant is the same 404 as one that never was. @throws Problem `tenant_not_found` */
function visibleTenant({ principal }: UserCtx, id: string): TenantId {
  const isVisible = id === principal.tenantId || hasRole(principal.roles, 'platform');
  if (!isVisible || !isTenantId(id)) throw tenantNotFound();
  return id;
}
