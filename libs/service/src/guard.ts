import type { TenantSettings } from '@zoco/contracts';
import { isTenantId, Problem } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import type { Context, MiddlewareHandler } from 'hono';
import { type Access, authorize, authorizeCaller, hasRole } from './access.ts';
import type { Principal, VerifyAccessToken } from './access-token.ts';
import { SERVICE_TOKEN_HEADER } from './call.ts';
import { type AppEnv, createCtx } from './context.ts';
import { parseJson, readBytes, requireJson, textFault } from './json-body.ts';
import type { ServiceIdentity } from './service-identity.ts';
import type { Tenants } from './tenants.ts';

/** What the guard of every route needs; set once per app. */
export interface GuardDeps {
  readonly identity: ServiceIdentity;
  readonly verifyToken: VerifyAccessToken;
  readonly tenants: Tenants;
  readonly db: Database;
}

export interface GuardRules {
  readonly access: Access;
  /** Set when the route takes a JSON body. */
  readonly jsonBytesMax: number | undefined;
}

// One app per process, but many in one test process: the deps travel with the request, not in a module variable.
const DEPS = 'guardDeps';

export function provideGuardDeps(deps: GuardDeps): MiddlewareHandler {
  return async (c, next) => {
    c.set(DEPS, deps);
    await next();
  };
}

/** Checks, in this order: who asks, whether they may, the body's form, the tenant. Then builds the request's `ctx`. */
export function guard({ access, jsonBytesMax }: GuardRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kept out of AppEnv, so that handlers do not see it
    const deps = c.get(DEPS as never) as GuardDeps;
    refuseBadText(c);
    const principal = access.kind === 'open' ? undefined : await authenticate(c, access, deps);
    if (access.kind === 'user' && principal) authorize(access, principal);
    if (access.kind === 'internal') await admitCaller(c, access, deps);
    const bodyTenant = jsonBytesMax === undefined ? undefined : await readJsonBody(c, jsonBytesMax);
    c.set('principal', principal);
    if (access.kind !== 'open') {
      const tenant = await tenantOf(c, access, principal, bodyTenant, deps);
      if (tenant) setCtx(c, tenant, principal, deps);
    }
    await next();
  };
}

async function authenticate(
  c: Context<AppEnv>,
  access: Access,
  deps: GuardDeps,
): Promise<Principal | undefined> {
  const header = c.req.header('authorization');
  if (header === undefined) {
    if (access.kind !== 'user') return undefined;
    throw new Problem('unauthenticated', 'token_missing', 'Sign in first: send an access token as Bearer.');
  }
  const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(header) ?? [];
  if (token === undefined)
    throw new Problem('unauthenticated', 'token_invalid', 'The access token is not valid.');
  return deps.verifyToken(token);
}

async function admitCaller(
  c: Context<AppEnv>,
  access: Access & { kind: 'internal' },
  deps: GuardDeps,
): Promise<void> {
  const token = c.req.header(SERVICE_TOKEN_HEADER);
  if (token === undefined) {
    throw new Problem('unauthenticated', 'service_token_missing', 'This is for services only.');
  }
  const caller = await deps.identity.verify(token);
  authorizeCaller(access.call, caller);
  c.set('caller', caller);
}

/** Leaves the parsed body for the validator, less a top-level `tenant_id`, which it returns. */
async function readJsonBody(c: Context<AppEnv>, bytesMax: number): Promise<unknown> {
  const bytes = await readBytes(c.req.raw, bytesMax);
  if (bytes.byteLength === 0 && c.req.header('content-type') === undefined) {
    // No body at all counts as an empty object; hono's validator would refuse the missing media type.
    const headers = new Headers(c.req.raw.headers);
    headers.set('content-type', 'application/json');
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers });
    cacheBody(c, '{}');
    return undefined;
  }
  requireJson(c.req);
  const value = parseJson(bytes);
  if (typeof value !== 'object' || value === null || !('tenant_id' in value)) {
    cacheBody(c, new TextDecoder().decode(bytes));
    return undefined;
  }
  const { tenant_id: tenant, ...rest } = value;
  cacheBody(c, JSON.stringify(rest));
  return tenant;
}

/** Leaves what was read where hono's validator looks first; its type knows only the settled value. */
function cacheBody(c: Context<AppEnv>, text: string): void {
  Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
}

async function tenantOf(
  c: Context<AppEnv>,
  access: Access,
  principal: Principal | undefined,
  bodyTenant: unknown,
  deps: GuardDeps,
): Promise<TenantSettings | undefined> {
  const named = [c.req.header('x-tenant'), c.req.query('tenant_id'), bodyTenant].filter(
    (name) => name !== undefined,
  );
  const wanted = new Set(named);
  if (principal)
    wanted.add(mayChooseTenant(principal) ? (named[0] ?? principal.tenantId) : principal.tenantId);
  const [id, other] = wanted;
  if (other !== undefined) {
    throw new Problem(
      'forbidden',
      'tenant_mismatch',
      principal === undefined
        ? 'The request names two tenants.'
        : 'The request names another tenant than its token.',
    );
  }
  if (id === undefined) {
    if (access.kind === 'internal') return undefined;
    throw new Problem(
      'malformed',
      'tenant_missing',
      'Name the tenant: header X-Tenant, or tenant_id in body or query.',
    );
  }
  if (!isTenantId(id)) throw tenantNotFound();
  const isOfServices = access.kind === 'internal' && principal === undefined;
  return isOfServices ? deps.tenants.settings(id) : deps.tenants.get(id);
}

/** Platform staff act in the tenant they name; everybody else only in their own. */
function mayChooseTenant(principal: Principal): boolean {
  return hasRole(principal.roles, 'platform');
}

/** The same for a slug that no tenant has and one that none can have. */
export function tenantNotFound(): Problem {
  return new Problem('not_found', 'tenant_not_found', 'There is no such tenant.');
}

function setCtx(
  c: Context<AppEnv>,
  tenant: TenantSettings,
  principal: Principal | undefined,
  deps: GuardDeps,
): void {
  const ctx = createCtx({ tenant, principal, log: c.var.log, db: deps.db });
  c.set('ctx', ctx);
  if (principal) c.set('userCtx', { ...ctx, principal });
}

function refuseBadText(c: Context<AppEnv>): void {
  const texts: [string, string][] = Object.entries(c.req.queries()).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  texts.push(...Object.entries(c.req.param()).map(([name, value]): [string, string] => [name, value]));
  for (const [field, text] of texts) {
    const fault = textFault(text);
    if (fault === undefined) continue;
    throw new Problem('invalid', 'request_invalid', 'The request is not valid.', {
      errors: [{ field, code: 'text_invalid', detail: fault }],
    });
  }
}
