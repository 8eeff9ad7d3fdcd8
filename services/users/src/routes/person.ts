import { type Id, isId, Problem } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';

/**
 * The user who asks about himself.
 * @throws Problem `account_missing` for machine clients, and for platform staff who act in another tenant than their own
 */
export function personOf(ctx: UserCtx): Id<'user'> {
  const { id, tenantId } = ctx.principal;
  if (isId('user', id) && tenantId === ctx.tenantId) return id;
  throw new Problem('forbidden', 'account_missing', 'This is for users of this tenant about themselves.');
}
