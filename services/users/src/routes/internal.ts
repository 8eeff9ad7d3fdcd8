import { z } from '@hono/zod-openapi';
import {
  apiKeyExchange,
  apiKeyExchangeRequest,
  customerSnapshot,
  tenantSettings,
  userInterests,
  userSnapshot,
} from '@zoco/contracts';
import { isTenantId, Problem } from '@zoco/kernel';
import {
  type AppEnv,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  internal,
  pageOf,
  pageQuery,
  tenantNotFound,
  toPage,
} from '@zoco/service';
import type { Context } from 'hono';
import { exchangeApiKey } from '../actions/exchange-api-key.ts';
import { listTenants } from '../actions/list-tenants.ts';
import { customerSnapshotOf, getCustomer } from '../db/customers.ts';
import { listFavorites } from '../db/favorites.ts';
import { findTenant } from '../db/tenants.ts';
import { getUser } from '../db/users.ts';
import { listWishes } from '../db/wishlist.ts';
import { INTERESTS_MAX } from '../rules/lists.ts';
import { userSnapshotOf } from '../user-snapshot.ts';
import type { UsersDeps } from '../users-deps.ts';
import { jsonContent } from './json-content.ts';
import { ctxOfToken } from './token-tenant.ts';

const tags = ['internal'];
const tenantParams = z.object({ tenant_id: z.string().max(64) });
const userParams = z.object({ user_id: z.string().max(64) });
const customerParams = z.object({ customer_id: z.string().max(64) });
const cursorKey = z.tuple([z.string()]);

const listTenantsRoute = defineRoute({
  method: 'get',
  path: '/internal/tenants',
  access: internal('listTenants'),
  summary: 'Settings of all tenants, also of those that are suspended',
  tags,
  request: { query: z.strictObject({ ...pageQuery, limit: pageQuery.limit.default(100) }) },
  responses: { 200: { description: 'A page of tenants.', ...jsonContent(pageOf(tenantSettings)) } },
});

const getTenantRoute = defineRoute({
  method: 'get',
  path: '/internal/tenants/{tenant_id}',
  access: internal('getTenant'),
  summary: 'Settings of one tenant',
  tags,
  request: { params: tenantParams },
  responses: { 200: { description: 'The tenant.', ...jsonContent(tenantSettings) } },
  problems: [404],
});

const exchangeRoute = defineRoute({
  method: 'post',
  path: '/internal/api-keys/exchange',
  access: internal('exchangeApiKey'),
  summary: 'An access token for an API key',
  tags,
  request: { body: jsonContent(apiKeyExchangeRequest) },
  responses: { 200: { description: 'A token for some minutes.', ...jsonContent(apiKeyExchange) } },
});

const interestsRoute = defineRoute({
  method: 'get',
  path: '/internal/users/{user_id}/interests',
  access: internal('getInterests'),
  summary: 'What a user likes',
  tags,
  request: { params: userParams },
  responses: { 200: { description: 'Products, categories and language.', ...jsonContent(userInterests) } },
  problems: [404],
});

const getUserRoute = defineRoute({
  method: 'get',
  path: '/internal/users/{user_id}',
  access: internal('getUser'),
  summary: 'One user',
  tags,
  request: { params: userParams },
  responses: { 200: { description: 'The user.', ...jsonContent(userSnapshot) } },
  problems: [404],
});

const getCustomerRoute = defineRoute({
  method: 'get',
  path: '/internal/customers/{customer_id}',
  access: internal('getCustomer'),
  summary: 'One B2B customer',
  tags,
  request: { params: customerParams },
  responses: { 200: { description: 'The customer.', ...jsonContent(customerSnapshot) } },
  problems: [404],
});

/** What other services ask; each route names its call in the call graph. */
export function internalRoutes(deps: UsersDeps) {
  const router = createRouter();

  router.openapi(listTenantsRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const [after] = cursor ? decodeCursor(cursor, 'internal-tenants', cursorKey) : [];
    const rows = await listTenants(deps.db, { limit, search: undefined, after });
    return c.json(
      toPage(rows, limit, (last) => encodeCursor('internal-tenants', [last.id])),
      200,
    );
  });

  router.openapi(getTenantRoute, async (c) => {
    const { tenant_id: id } = c.req.valid('param');
    const settings = isTenantId(id) ? await deps.db.read(id, (tx) => findTenant(tx, id)) : undefined;
    if (settings === undefined) throw tenantNotFound();
    return c.json(settings, 200);
  });

  router.openapi(exchangeRoute, async (c) => {
    const { api_key: key } = c.req.valid('json');
    const ctx = await ctxOfToken(c, deps, 'zk', key, invalidKey);
    const { accessToken, expiresInSeconds } = await exchangeApiKey(ctx, deps.keys, key);
    c.header('cache-control', 'no-store');
    return c.json({ access_token: accessToken, expires_in: expiresInSeconds }, 200);
  });

  router.openapi(interestsRoute, async (c) => {
    const { user_id: id } = c.req.valid('param');
    const [user, favorites, wishes] = await tenantCtx(c).read((tx) =>
      Promise.all([getUser(tx, id), listFavorites(tx, id, INTERESTS_MAX), listWishes(tx, id, INTERESTS_MAX)]),
    );
    return c.json(
      {
        favorite_ids: favorites.slice(0, INTERESTS_MAX).map(({ productId }) => productId),
        wishlist_ids: wishes.slice(0, INTERESTS_MAX).map(({ productId }) => productId),
        categories: user.categories,
        language: user.language,
      },
      200,
    );
  });

  router.openapi(getUserRoute, async (c) => {
    const user = await tenantCtx(c).read((tx) => getUser(tx, c.req.valid('param').user_id));
    return c.json(userSnapshotOf(user), 200);
  });

  router.openapi(getCustomerRoute, async (c) => {
    const customer = await tenantCtx(c).read((tx) => getCustomer(tx, c.req.valid('param').customer_id));
    return c.json(customerSnapshotOf(customer), 200);
  });

  return router;
}

/** Internal calls need not be about a tenant; these are. @throws Problem `tenant_missing` */
function tenantCtx(c: Context<AppEnv>) {
  const ctx: AppEnv['Variables']['ctx'] | undefined = c.var.ctx;
  if (ctx === undefined)
    throw new Problem('malformed', 'tenant_missing', 'Name the tenant: header X-Tenant.');
  return ctx;
}

function invalidKey(): Problem {
  return new Problem('unauthenticated', 'api_key_invalid', 'The API key is not valid.');
}
