import { Problem } from '@zoco/kernel';
import { type AppEnv, createCtx, type Ctx } from '@zoco/service';
import type { Context } from 'hono';
import { type TokenKind, tenantOfToken } from '../opaque-token.ts';
import type { UsersDeps } from '../users-deps.ts';

/**
 * The tenant that an opaque token names decides, as with any token; a request that names another is refused.
 * @param refusal the problem for a token that cannot be one, or whose tenant does not exist
 * @throws Problem `refusal`, `tenant_mismatch`, `tenant_suspended`
 */
export async function ctxOfToken(
  c: Context<AppEnv>,
  deps: Pick<UsersDeps, 'db' | 'tenants'>,
  kind: TokenKind,
  token: string,
  refusal: () => Problem,
): Promise<Ctx> {
  const tenantId = tenantOfToken(kind, token);
  if (tenantId === undefined) throw refusal();
  const named = c.req.header('x-tenant') ?? c.req.query('tenant_id') ?? tenantId;
  if (named !== tenantId) {
    throw new Problem('forbidden', 'tenant_mismatch', 'The request names another tenant than its token.');
  }
  try {
    const tenant = await deps.tenants.get(tenantId);
    return createCtx({ tenant, principal: undefined, log: c.var.log, db: deps.db });
  } catch (error) {
    if (error instanceof Problem && error.kind === 'not_found') throw refusal();
    throw error;
  }
}
